"""README's tour, line by line, against `make run`, as a newcomer types it."""

import os
import re
import signal
import subprocess

import localchain
from conftest import ROOT


def test_the_tour_works_line_by_line(tmp_path):
    """`tools/run` is what `make run` runs after building; the port is a free one."""
    run = localchain.Process([str(ROOT / "tools/run")], cwd=ROOT,
                             env={"PATH": os.environ["PATH"], "SELFSAME_LISTEN": "127.0.0.1:0"})
    try:
        assert run.wait_for("Ctrl-C stops the daemon", 60), run.output()
        readme = (ROOT / "README.md").read_text()
        section = readme.split("## A five-minute tour", 1)[1].split("\n## ", 1)[0]
        blocks = re.findall(r"```sh\n(.*?)```", section, re.S)
        printed = (ROOT / "build/run/tour.sh").read_text()
        assert len(blocks) >= 6
        # the printed tour is README's with the real address and market in it
        assert [l for l in printed.splitlines() if not re.match("(BASE|CONDITION)=", l)] == \
               [l for l in "".join(blocks).splitlines() if not re.match("(BASE|CONDITION)=", l)]
        for name in ("build", "deploy"):
            (tmp_path / name).symlink_to(ROOT / name)
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", printed], cwd=tmp_path, text=True,
                              capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert '"agentId": "alice"' in done.stdout
        assert '"approve"' in done.stdout and '"split"' in done.stdout
        assert '"rule": "recipient"' in done.stdout
        assert re.search(r"verdict.*accept", done.stdout, re.I | re.S), done.stdout
        children = [int(pid) for pid in subprocess.run(["pgrep", "-P", str(run.pid)], capture_output=True, text=True,
                                                       check=False).stdout.split()]
    finally:
        run.child.send_signal(signal.SIGINT)
        status = run.child.wait(40)
    assert status == 0, run.output()[-2000:]
    assert not [pid for pid in children if os.path.exists(f"/proc/{pid}")]
