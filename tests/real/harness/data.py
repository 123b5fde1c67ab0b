"""Vectors from tests/data."""
import base64
import json
import pathlib

DATA = pathlib.Path(__file__).resolve().parents[2] / "data"


def naughty_strings() -> list[str]:
    return json.loads((DATA / "strings/naughty.json").read_text())


def json_vectors() -> list[tuple[str, str, bytes]]:
    """Name, verdict (accept, reject, either), text."""
    lines = [json.loads(line) for line in (DATA / "json/json-parsing.jsonl").read_text().splitlines()]
    return [(line["name"], line["expect"], base64.b64decode(line["b64"])) for line in lines]


def utf8_vectors() -> list[tuple[str, bool, bytes]]:
    lines = [json.loads(line) for line in (DATA / "utf8/utf8.jsonl").read_text().splitlines()]
    return [(line["id"], line["expect"] == "valid", bytes.fromhex(line["hex"])) for line in lines]


def base64_vectors() -> list[dict]:
    return [json.loads(line) for line in (DATA / "base64/base64.jsonl").read_text().splitlines()]
