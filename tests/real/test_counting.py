"""./test.sh is only worth its last line: what counts as passed, failed, skipped, and as a rung that ran nothing."""
import subprocess
import sys

import pytest

from harness.sidecar import ROOT

GTEST = '<testsuites><testsuite name="S">{}</testsuite></testsuites>'
GOOD = '<testcase name="{}" status="run" result="completed"/>'
BAD = '<testcase name="bad" status="run" result="completed"><failure message="x"/></testcase>'
SKIPPED = '<testcase name="skipped" status="run" result="skipped"><skipped message="x"/></testcase>'
DISABLED = '<testcase name="DISABLED_x" status="notrun" result="suppressed"/>'
THREE = "".join(GOOD.format(number) for number in range(3))


def ctest(*programs: tuple[str, str]) -> str:
    return "<testsuite>" + "".join(
        f'<testcase name="{name}" status="{status}">' + ("<failure/>" if status == "fail" else "") + "</testcase>"
        for name, status in programs) + "</testsuite>"


@pytest.mark.parametrize("exit_code, junit, reports, last, rc", [
    (0, ctest(("a", "run"), ("layers", "run")), {"a": THREE}, "4 passed, 0 failed, 0 skipped", 0),
    (8, ctest(("a", "fail")), {"a": THREE + BAD}, "3 passed, 1 failed, 0 skipped", 1),
    (0, ctest(("a", "run")), {"a": THREE + SKIPPED}, "3 passed, 0 failed, 1 skipped", 1),
    (0, ctest(("a", "run")), {"a": THREE + DISABLED}, "3 passed, 0 failed, 1 skipped", 1),
    # It crashed before it wrote its report; or after its last case (a sanitizer's report at the end).
    (8, ctest(("a", "fail"), ("b", "run")), {"b": THREE}, "3 passed, 1 failed, 0 skipped", 1),
    (8, ctest(("a", "fail")), {"a": THREE}, "3 passed, 1 failed, 0 skipped", 1),
    # A runner that failed for no reason of a test's; one that found nothing to run; one that never got so far.
    (1, ctest(("a", "run")), {"a": THREE}, "3 passed, 1 failed, 0 skipped", 1),
    (0, ctest(), {}, "0 passed, 1 failed, 0 skipped", 1),
    (127, None, {}, "0 passed, 1 failed, 0 skipped", 1),
])
def test_the_last_line(tmp_path, exit_code, junit, reports, last, rc):
    (tmp_path / "unit.exit").write_text(f"{exit_code}\n")
    if junit is not None:
        (tmp_path / "unit.xml").write_text(junit)
    (tmp_path / "unit").mkdir()
    for program, cases in reports.items():
        (tmp_path / f"unit/{program}.xml").write_text(GTEST.format(cases))
    done = subprocess.run([sys.executable, str(ROOT / "tools/count_tests"), str(tmp_path), "unit"], capture_output=True, text=True,
                          check=False)
    assert done.stdout.splitlines()[-1] == last, done.stdout + done.stderr
    assert done.returncode == rc


def test_rungs_add_up(tmp_path):
    (tmp_path / "unit.exit").write_text("0\n")
    (tmp_path / "unit.xml").write_text(ctest(("a", "run")))
    (tmp_path / "unit").mkdir()
    (tmp_path / "unit/a.xml").write_text(GTEST.format(THREE))
    (tmp_path / "real.exit").write_text("1\n")
    (tmp_path / "real.xml").write_text(
        '<testsuites><testsuite><testcase classname="m" name="a"/><testcase classname="m" name="b"><error/></testcase>'
        '<testcase classname="m" name="c"><skipped/></testcase></testsuite></testsuites>')
    done = subprocess.run([sys.executable, str(ROOT / "tools/count_tests"), str(tmp_path), "unit", "real"], capture_output=True,
                          text=True, check=False)
    assert done.stdout.splitlines()[-1] == "4 passed, 1 failed, 1 skipped", done.stdout
    assert done.returncode == 1


def test_what_test_sh_refuses():
    for arguments in (["--preset", "fast"], ["unit", "-k", "x"], ["sim", "--seeds", "0"], ["sim", "--seed"], ["unit", "--seeds", "5"]):
        done = subprocess.run([str(ROOT / "test.sh"), *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 2, done
