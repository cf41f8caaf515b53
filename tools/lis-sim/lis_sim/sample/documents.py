"""Report PDFs of real size: 30 to 200 KB. A few bodies are rendered and used many times."""

import hashlib
from datetime import datetime
from io import BytesIO
from random import Random

from fpdf import FPDF
from PIL import Image

# What a page's figures weigh decides the size: the side of a noisy grey picture, in pixels.
FIGURE_SIDES = (170, 190, 210, 250, 290, 340, 390, 430)


def figure(random: Random, side: int) -> BytesIO:
    """A micrograph of sorts, which compresses no better than a real one."""
    image = Image.frombytes("L", (side, side), random.randbytes(side * side))
    out = BytesIO()
    image.save(out, "PNG")
    out.seek(0)
    return out


def render(random: Random, made_at: datetime, side: int) -> bytes:
    pdf = FPDF(format="A4")
    pdf.set_creation_date(made_at)
    pdf.set_title("Laboratory report")
    pdf.add_page()
    pdf.set_font("Helvetica", "B", 16)
    pdf.cell(0, 12, "Laboratory report", new_x="LMARGIN", new_y="NEXT")
    pdf.set_font("Helvetica", size=10)
    for line in range(24):
        pdf.cell(90, 6, f"Parameter {line + 1}")
        pdf.cell(30, 6, f"{random.uniform(1, 200):.1f}", align="R")
        pdf.cell(30, 6, "mg/dL", new_x="LMARGIN", new_y="NEXT")
    pdf.image(figure(random, side), w=90)
    return bytes(pdf.output())


def bodies(random: Random, made_at: datetime) -> list[tuple[bytes, bytes]]:
    """(content, SHA-256) of each."""
    contents = [render(random, made_at, side) for side in FIGURE_SIDES]
    return [(content, hashlib.sha256(content).digest()) for content in contents]
