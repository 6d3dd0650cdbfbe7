#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include "base/err.h"
#include "chain/urls.h"

static struct rpc_urls urls;
static char text[200];

static void
takes(const char *list, size_t count)
{
	assert_int_equal(rpc_urls_parse(list, &urls, text, sizeof text), 0);
	assert_int_equal(urls.count, count);
	rpc_urls_free(&urls);
}

static void
refuses(const char *list, const char *where)
{
	assert_int_equal(rpc_urls_parse(list, &urls, text, sizeof text), ERR_SETTING);
	if (strstr(text, where) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", text, where);
	/* a URL may carry a key: nothing of it is repeated */
	assert_null(strstr(text, "secret"));
	assert_int_equal(urls.count, 0);
}

static void
test_taken(void **state)
{
	(void)state;
	takes("https://node.example/v1/secret", 1);
	takes("https://user:secret@node.example/", 1);
	takes("http://127.0.0.1:8545", 1);
	takes("http://127.9.9.9", 1);
	takes("http://[::1]:8545", 1);
	takes("http://localhost:8545", 1);
	takes("https://a.example,https://b.example,http://127.0.0.1:1", 3);
	takes("https://1.example,https://2.example,https://3.example,https://4.example,"
	      "https://5.example,https://6.example,https://7.example,https://8.example",
	      8);
}

static void
test_refused(void **state)
{
	(void)state;
	refuses("", "URL 1");
	refuses("http://node.example/secret", "URL 1 is http");
	refuses("http://128.0.0.1/secret", "use https");
	refuses("http://127.0.0.1.secret.example/", "use https");
	refuses("http://localhost.secret.example/", "use https");
	refuses("http://127.0.0.1@secret.example/", "use https");
	refuses("http://[::2]/secret", "use https");
	refuses("ftp://node.example/secret", "must begin with");
	refuses("file:///secret", "is not a URL");
	refuses("node.example/secret", "is not a URL");
	refuses("https://", "is not a URL");
	refuses("https://node.example/#secret", "fragment");
	refuses("https://a.example,", "URL 2");
	refuses("https://a.example,,https://b.example", "URL 2");
	refuses("https://a.example, https://b.example/secret", "URL 2");
	refuses("https://1.example,https://2.example,https://3.example,https://4.example,"
		"https://5.example,https://6.example,https://7.example,https://8.example,"
		"https://9.example",
		"more than 8");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_taken),
	    cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
