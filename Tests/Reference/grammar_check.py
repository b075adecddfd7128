#!/usr/bin/env python3
"""Compares the parser with one that a parser generator makes from grammar/irlas.ebnf.

    python3 Tests/Reference/grammar_check.py --irlas PATH [--seed N] [--count N]     compares with a built irlas
    python3 Tests/Reference/grammar_check.py --write Tests/Reference/fixtures/grammar_verdicts.txt

The grammar is converted rule by rule to that of Lark (an Earley parser, which needs no particular form of grammar); the
tokens, which the EBNF describes in words, are regular expressions here. Both parsers judge every sample, and damaged
declarations of the samples: tokens swapped, dropped, doubled, replaced or spliced in. `--write` makes the fixture that
`make test` reads, so that machines without Lark compare too. Needs lark.
"""

import argparse
import pathlib
import random
import re
import subprocess
import sys
import textwrap

import lark

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CONTEXTUAL = ["irlas", "aux", "Int", "Float", "Bool", "Kernel", "Layer", "Shape", "Padding"]

TOKENS = r"""
KERNEL.4: /[0-9]+x[0-9]+(?![A-Za-z0-9_])/
NUMBER.3: /[0-9]+(_[0-9]+)*(\.[0-9]+(_[0-9]+)*)?(e[-+]?[0-9]+(_[0-9]+)*)?(K|M|G|ms|s|m|h|KiB|MiB|GiB)?(?![A-Za-z0-9_])/
ID: /[A-Za-z_][A-Za-z0-9_]*/
QUOTED: /`[^`\n]+`/
STRING: /"(\\[\\"nt]|[^"\\\n])*"/
COMMENT.9: /\/\/[^\n]*/
%ignore COMMENT
%ignore /[ \t\r\n]+/
"""


def convert(ebnf):
    """The rules of an EBNF text as a Lark grammar."""
    text = re.sub(r"\(\*.*?\*\)", " ", ebnf, flags=re.S)
    parts = re.findall(r'"[^"]*"|[A-Za-z]+|[=|;\[\]{}()]', text)
    words = sorted({part.strip('"') for part in parts if re.fullmatch(r'"[A-Za-z]+"', part)})
    keywords = [word for word in words if word not in CONTEXTUAL]
    signs = {}

    def terminal(word):
        if word.isalpha():
            return "K_" + word.upper() if word not in CONTEXTUAL else "C_" + word.upper()
        return signs.setdefault(word, f"S_{len(signs)}")

    out = []
    at = 0
    while at < len(parts):
        name = parts[at]
        at += 2
        body = []
        while parts[at] != ";":
            part = parts[at]
            if part in ("[", "{"):
                body.append("(")
            elif part == "]":
                body.append(")?")
            elif part == "}":
                body.append(")*")
            elif part in ("(", ")", "|"):
                body.append(part)
            elif part.startswith('"'):
                body.append(terminal(part.strip('"')))
            elif part in ("ID", "LABEL", "INT"):
                body.append("t_" + part.lower())
            elif part.isupper():
                body.append(part)
            else:
                body.append("r_" + part)
            at += 1
        at += 1
        out.append(f"r_{name}: {' '.join(body)}")
    names = " | ".join(["ID", "QUOTED"] + [terminal(word) for word in CONTEXTUAL if word in words])
    out.append(f"t_id: {names}")
    out.append("t_label: t_id | " + " | ".join(terminal(word) for word in keywords))
    out.append("t_int: NUMBER")
    out += [f'{terminal(word)}: "{word}"' for word in words]
    out += [f'{name}: "{sign}"' for sign, name in signs.items()]
    return "\n".join(out) + "\n" + TOKENS


class Reference:
    """Says whether a text is a program."""

    def __init__(self):
        grammar = convert((ROOT / "grammar/irlas.ebnf").read_text())
        self.parser = lark.Lark(
            grammar, start="r_file", parser="earley", lexer="basic", keep_all_tokens=True,
            propagate_positions=True)

    def accepts(self, text):
        try:
            tree = self.parser.parse(text.removeprefix("\ufeff"))
        except lark.exceptions.LarkError:
            return False
        return all(self.is_allowed(node) for node in tree.iter_subtrees())

    @staticmethod
    def is_allowed(node):
        """What the grammar says in words."""
        if node.data == "t_int":
            return node.children[0] == "1"
        if node.data == "r_sq":
            for child, following in zip(node.children, node.children[1:]):
                if isinstance(following, lark.Token) and ends_with_repeat(child):
                    return False
        for child in node.children:
            if isinstance(child, lark.Token) and child.type == "NUMBER" and not is_small(child):
                return False
        return True


def ends_with_repeat(node):
    while isinstance(node, lark.Tree) and node.children:
        if node.data == "r_repeat":
            return True
        node = node.children[-1]
    return False


def is_small(number):
    digits = re.match(r"[0-9_]*", number).group().replace("_", "")
    return len(digits) <= 18 and "e" not in number or len(number) <= 8


PIECES = [
    "(", ")", "[", "]", "{", "}", "->", "then", "repeat", "if", "else", "each", "in", "..", ".", "=", "==", ",", ":",
    "@", "not", "and", "return", "cell", "use", "as", "grow", "shared", "require", "sample", "aux", "peer", "x", "Int",
    "1", "2.5", "3x3", '"s"', "+", "-", "*", "`a b`", ";", "1__0", "20k", "3x", "?", "true", "search", "irlas",
]
WORD = re.compile(r'//[^\n]*|"[^"\n]*"|`[^`\n]*`|[A-Za-z0-9_]+|->|\.\.|[=!<>]=|\s+|.')


def programs():
    """The samples, and the programs of the tests."""
    found = [
        path.read_text() for path in sorted((ROOT / "samples").rglob("*.irlas")) if "invalid" not in path.parts
    ]
    for path in sorted((ROOT / "Tests/IRLASTestSupport").glob("*Programs.swift")):
        found += [textwrap.dedent(text) for text in re.findall(r'#"""\n(.*?)"""#', path.read_text(), flags=re.S)]
    return found


def declarations():
    """The declarations of these programs, each a text of its own."""
    found = []
    for program in programs():
        for part in re.split(r"\n\s*\n|(?<=\n\})\n(?=[a-z@])", program):
            part = re.sub(r"^\s*//.*\n", "", part + "\n", flags=re.M).strip()
            if part and len(part) < 900:
                found.append(part)
    return found


def mutant(texts, chance):
    words = WORD.findall(chance.choice(texts))
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        if not words:
            break
        at = chance.randrange(len(words))
        other = chance.randrange(len(words))
        kind = chance.randrange(7)
        if kind == 0:
            del words[at]
        elif kind == 1:
            words.insert(at, words[at] + " ")
        elif kind == 2:
            words[at], words[other] = words[other], words[at]
        elif kind == 3:
            words[at] = chance.choice(PIECES)
        elif kind == 4:
            words.insert(at, " " + chance.choice(PIECES) + " ")
        elif kind == 5:
            donor = WORD.findall(chance.choice(texts))
            start = chance.randrange(len(donor))
            words[at:at] = donor[start : start + chance.randrange(1, 12)]
        else:
            del words[at : at + chance.randrange(1, 8)]
    return "".join(words)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--irlas", help="the program to compare with")
    options.add_argument("--write", help="the fixture to write")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--count", type=int, default=600)
    options = options.parse_args()
    if not options.irlas and not options.write:
        sys.exit("name --irlas or --write")
    reference = Reference()
    chance = random.Random(options.seed)
    parts = declarations()
    texts = programs() + parts if options.irlas else list(parts)
    while len(texts) < options.count + len(parts):
        text = mutant(parts, chance)
        if not any(line.startswith("=== ") for line in text.split("\n")):
            texts.append(text)
    verdicts = [(text, reference.accepts(text)) for text in dict.fromkeys(texts)]
    accepted = sum(verdict for _, verdict in verdicts)
    print(f"{len(verdicts)} texts of seed {options.seed}, {accepted} are programs")
    if options.write:
        lines = [f"=== {'accept' if verdict else 'reject'}\n{text}\n" for text, verdict in verdicts]
        pathlib.Path(options.write).write_text("".join(lines))
        return
    different = 0
    for text, verdict in verdicts:
        result = subprocess.run([options.irlas, "fmt", "--short", "-"], input=text.encode(), capture_output=True)
        if (result.returncode == 0) != verdict:
            different += 1
            print(f"\n--- the reference {'accepts' if verdict else 'rejects'}:\n{text}\n{result.stderr.decode()}")
    print(f"{different} different verdicts")
    sys.exit(1 if different else 0)


main()
