"""The process in which an attached file is read: bounded in time and memory, without a network.

Takes the file on standard input and answers on standard output: one line of JSON, then the bytes
of the file as it is kept, then those of its preview. Run as ``python -m``.
"""

import json
import resource
import struct
import sys
import zlib
from contextlib import suppress

MEMORY_BYTES = 1536 * 1024 * 1024
CPU_SECONDS = 20
# What files that are none may raise while they are read.
UNREADABLE = (
    *(OSError, ValueError, SyntaxError, ArithmeticError, LookupError, MemoryError, EOFError),
    *(TypeError, AttributeError, struct.error, zlib.error),
)


def bound() -> None:
    """Let this process use so much time and memory, write no file and start no other process."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Not everywhere: some systems count the processes of all programs of a user.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def read(data: bytes) -> tuple[dict[str, str | int], bytes]:
    """Return what there is to say of a file, and the bytes of it and of its preview.

    ``kept`` is how many of the bytes are the file's; ``refusal`` says why it is refused.
    """
    from ledger.errors import Invalid
    from ledger.evidence_files import documents, pictures

    kept, preview = data, b""
    answer: dict[str, str | int] = {}
    try:
        if data.startswith(documents.MAGIC):
            answer = {"type": "application/pdf", "pages": documents.read_pdf(data)}
        else:
            is_jpeg = data.startswith(pictures.JPEG_MAGIC)
            picture = (pictures.read_jpeg if is_jpeg else pictures.read_png)(data)
            kept, preview = picture.data, picture.preview
            answer = {"type": "image/jpeg" if is_jpeg else "image/png", "pages": 1}
    except Invalid as refusal:
        answer, kept = {"refusal": refusal.message}, b""
    except UNREADABLE:
        # What Pillow raises for files that are none; its own sentences name nothing useful.
        answer, kept = {"refusal": pictures.damaged().message}, b""
    answer["kept"] = len(kept)
    return answer, kept + preview


def main() -> None:
    """Read one file and answer."""
    bound()
    answer, data = read(sys.stdin.buffer.read())
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + data)


if __name__ == "__main__":
    main()
