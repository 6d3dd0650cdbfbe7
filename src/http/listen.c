#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/parse.h"
#include "http/server.h"
#include "base/banned.h"

static int
parse_listen(const char *text, struct sockaddr_storage *ret, socklen_t *ret_len)
{
	struct sockaddr_in *four = (struct sockaddr_in *)(void *)ret;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)ret;
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN + 2];
	uint64_t port;
	size_t n;

	if (colon == NULL || parse_u64(colon + 1, strlen(colon + 1), 0, 65535, &port) != 0)
		return ERR_SETTING;
	n = (size_t)(colon - text);
	if (n == 0 || n >= sizeof host)
		return ERR_SETTING;
	memset(ret, 0, sizeof *ret);
	memcpy(host, text, n);
	host[n] = '\0';
	if (host[0] == '[' && host[n - 1] == ']') {
		host[n - 1] = '\0';
		six->sin6_family = AF_INET6;
		six->sin6_port = htons((uint16_t)port);
		*ret_len = sizeof *six;
		return inet_pton(AF_INET6, host + 1, &six->sin6_addr) == 1 ? 0 : ERR_SETTING;
	}
	four->sin_family = AF_INET;
	four->sin_port = htons((uint16_t)port);
	*ret_len = sizeof *four;
	return inet_pton(AF_INET, host, &four->sin_addr) == 1 ? 0 : ERR_SETTING;
}

static int
local_port(int fd, uint16_t *ret)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof at;

	if (getsockname(fd, (struct sockaddr *)&at, &len) != 0)
		return ERR_IO;
	*ret = ntohs(at.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)(void *)&at)->sin6_port
	                                      : ((struct sockaddr_in *)(void *)&at)->sin_port);
	return 0;
}

int
http_listen(const char *text, int *ret_fd, uint16_t *ret_port)
{
	struct sockaddr_storage at;
	socklen_t len;
	uint16_t port;
	int one = 1;
	int fd;
	int r;

	if ((r = parse_listen(text, &at, &len)) != 0)
		return r;
	fd = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ERR_IO;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
	    bind(fd, (struct sockaddr *)&at, len) != 0 || listen(fd, SOMAXCONN) != 0 ||
	    local_port(fd, &port) != 0) {
		int saved = errno;

		(void)close(fd);
		errno = saved;
		return ERR_IO;
	}
	*ret_fd = fd;
	*ret_port = port;
	return 0;
}
