"""jupyter_kernel_test's suite on a forked kernel, which jupyter_client's own blocking manager has started."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import jupyter_kernel_test
from jupyter_client.manager import KernelManager

from notehouse_gateway.kernelspecs import kernelspec_folder
from notehouse_gateway.template_process import Forked
from notehouse_gateway.templates import Templates


class TestForkedKernel(jupyter_kernel_test.KernelTests):  # type: ignore[misc]
    kernel_name = "notehouse"
    language_name = "python"
    file_extension = ".py"
    code_hello_world = "print('hello, world')"
    code_stderr = "import sys; print('test', file=sys.stderr)"
    completion_samples = [{"text": "zi", "matches": {"zip"}}]  # noqa: RUF012 - the suite's own shape
    complete_code_samples = ["1", "print('hello, world')", "def f(x):\n  return x*2\n\n\n"]  # noqa: RUF012
    incomplete_code_samples = ["print('''hello", "def f(x):\n  x*2"]  # noqa: RUF012
    invalid_code_samples = ["import = 7q"]  # noqa: RUF012
    code_page_something = "zip?"
    code_generate_error = "raise"
    code_execute_result = [{"code": "1+2+3", "result": "6"}]  # noqa: RUF012
    code_display_data = [  # noqa: RUF012
        {
            "code": "from IPython.display import HTML, display; display(HTML('<b>test</b>'))",
            "mime": "text/html",
        },
        {
            "code": "from IPython.display import Math, display; display(Math('\\\\frac{1}{2}'))",
            "mime": "text/latex",
        },
    ]
    code_history_pattern = "1?2*"
    supported_history_operations = ("tail", "search")  # as ipykernel's own run of the suite
    code_inspect_sample = "zip"
    code_clear_output = "from IPython.display import clear_output; clear_output()"
    support_iopub_welcome = True

    km: KernelManager

    before: dict[str, str]

    @classmethod
    def setUpClass(cls) -> None:
        cls.before = dict(os.environ)
        home = Path(cls.enterClassContext(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        os.environ["HOME"] = str(home)
        (home / "kernels").symlink_to(kernelspec_folder())
        os.environ["JUPYTER_PATH"] = str(home)
        Templates.instance(patience=60.0).begin(cwd=str(home))
        super().setUpClass()

    @classmethod
    def tearDownClass(cls) -> None:
        super().tearDownClass()
        Templates.instance().end()
        Templates.clear_instance()
        os.environ.clear()
        os.environ.update(cls.before)

    def test_it_is_a_fork(self) -> None:
        assert isinstance(self.km.provisioner.process, Forked)  # type: ignore[union-attr]
