"""The language server seen by an independent client (pytest-lsp, lsprotocol).

Run by scripts/editor_tests.sh, with IRLAS naming the program.
"""

import asyncio
import os
import pathlib

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

PROGRAM = """irlas 1
use std

/// A residual block.
cell Block(out, stride = 1) {
  in x
  h = x -> conv(3x3, out, stride: stride) -> bn -> relu
        -> conv(3x3, out)                 -> bn
  return h + (x -> fit) -> relu
}

network Net(width = 16, classes = 10) {
  in image: [3, 32, 32]
  return image
    -> conv(3x3, width) -> bn -> relu
    -> repeat 2 Block(2 * width, stride: 2 then 1)
    -> global_avg_pool -> linear(classes)
}
"""


@pytest_lsp.fixture(config=ClientServerConfig(server_command=[os.environ.get("IRLAS", "irlas"), "lsp"]))
async def client(lsp_client: LanguageClient):
    await lsp_client.initialize_session(
        types.InitializeParams(capabilities=client_capabilities("visual-studio-code"), root_uri=None)
    )
    yield
    await lsp_client.shutdown_session()


class Document:
    """An open text of the client."""

    def __init__(self, client, text, uri):
        self.client, self.text, self.uri, self.version = client, text, uri, 1
        client.text_document_did_open(
            types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "irlas", 1, text))
        )

    @property
    def identifier(self):
        return types.TextDocumentIdentifier(self.uri)

    def position(self, needle, skip=0):
        line_start, offset = 0, self.text.index(needle) + skip
        line = self.text.count("\n", 0, offset)
        line_start = self.text.rfind("\n", 0, offset) + 1
        return types.Position(line, len(self.text[line_start:offset].encode("utf-16-le")) // 2)

    def change(self, old, new):
        """Replaces one text by another as an incremental change."""
        self.version += 1
        start, end = self.position(old), self.position(old, len(old))
        self.text = self.text.replace(old, new, 1)
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(version=self.version, uri=self.uri),
                [types.TextDocumentContentChangePartial(types.Range(start, end), new)],
            )
        )

    def apply(self, edits):
        lines = self.text.split("\n")

        def offset(position):
            units = lines[position.line].encode("utf-16-le")[: 2 * position.character]
            return sum(len(line) + 1 for line in lines[: position.line]) + len(units.decode("utf-16-le"))

        text = self.text
        for edit in sorted(edits, key=lambda edit: offset(edit.range.start), reverse=True):
            text = text[: offset(edit.range.start)] + edit.new_text + text[offset(edit.range.end) :]
        return text


@pytest.fixture
def document(client, tmp_path):
    return Document(client, PROGRAM, (tmp_path / "net.irlas").as_uri())


async def messages(client, uri, count):
    """Waits until as many messages are published for a text."""
    for _ in range(500):
        if uri in client.diagnostics and len(client.diagnostics[uri]) == count:
            return client.diagnostics[uri]
        await asyncio.sleep(0.01)
    raise AssertionError(f"{client.diagnostics.get(uri)}")


@pytest.mark.asyncio
async def test_messages_follow_the_text(client, document):
    await messages(client, document.uri, 0)
    document.change("-> fit", "-> fitt")
    (found,) = await messages(client, document.uri, 1)
    assert found.code == "L0104"
    assert found.severity == types.DiagnosticSeverity.Error
    assert found.range.start == document.position("-> fitt", 3)
    actions = await client.text_document_code_action_async(
        types.CodeActionParams(document.identifier, found.range, types.CodeActionContext([found]))
    )
    assert actions[0].kind == "quickfix"
    (edit,) = actions[0].edit.changes[document.uri]
    assert edit.new_text == "fit"
    document.change("-> fitt", "-> fit")
    await messages(client, document.uri, 0)


@pytest.mark.asyncio
async def test_hover(client, document):
    hover = await client.text_document_hover_async(
        types.HoverParams(document.identifier, document.position("Block(2 *"))
    )
    assert "A residual block." in hover.contents.value
    assert "[32, 16, 16]" in hover.contents.value


@pytest.mark.asyncio
async def test_inlay_hints(client, document):
    whole = types.Range(types.Position(0, 0), types.Position(99, 0))
    hints = await client.text_document_inlay_hint_async(types.InlayHintParams(document.identifier, whole))
    assert [hint.label for hint in hints][-1] == "[10, 1, 1]"
    assert len(hints) == 6


@pytest.mark.asyncio
async def test_code_lenses(client, document):
    lenses = await client.text_document_code_lens_async(types.CodeLensParams(document.identifier))
    assert "33.8 k parameters" in lenses[1].command.title


@pytest.mark.asyncio
async def test_navigation(client, document):
    place = document.position("Block(2 *")
    definition = await client.text_document_definition_async(types.DefinitionParams(document.identifier, place))
    assert definition.range.start == document.position("Block(out")
    references = await client.text_document_references_async(
        types.ReferenceParams(types.ReferenceContext(include_declaration=False), document.identifier, place)
    )
    assert [found.range.start for found in references] == [place]


@pytest.mark.asyncio
async def test_the_standard_library_can_be_opened(client, document):
    definition = await client.text_document_definition_async(
        types.DefinitionParams(document.identifier, document.position("fit)"))
    )
    path = pathlib.Path(definition.uri.removeprefix("file://"))
    line = path.read_text().split("\n")[definition.range.start.line]
    assert line.startswith("cell fit(")


@pytest.mark.asyncio
async def test_rename(client, document):
    place = document.position("width = 16")
    prepared = await client.text_document_prepare_rename_async(
        types.PrepareRenameParams(document.identifier, place)
    )
    assert prepared.placeholder == "width"
    edit = await client.text_document_rename_async(
        types.RenameParams(position=place, new_name="w", text_document=document.identifier)
    )
    result = document.apply(edit.changes[document.uri])
    assert result == PROGRAM.replace("width", "w")


@pytest.mark.asyncio
async def test_completion_and_signature(client, document):
    document.change("-> bn -> relu\n        ->", "-> bn -> \n        ->")
    completion = await client.text_document_completion_async(
        types.CompletionParams(document.identifier, document.position("-> bn -> \n", 9))
    )
    labels = [item.label for item in completion.items]
    assert {"conv", "relu", "sep_conv"} <= set(labels)
    assert "stride" not in labels and "return" not in labels
    help = await client.text_document_signature_help_async(
        types.SignatureHelpParams(document.identifier, document.position("conv(3x3, width", 10))
    )
    assert help.signatures[0].label.startswith("conv(kernel: Kernel, out: Int")
    assert help.active_parameter == 1


@pytest.mark.asyncio
async def test_outline(client, document):
    symbols = await client.text_document_document_symbol_async(types.DocumentSymbolParams(document.identifier))
    assert [symbol.name for symbol in symbols] == ["Block", "Net"]
    assert [child.name for child in symbols[1].children] == ["width", "classes", "image"]
    folds = await client.text_document_folding_range_async(types.FoldingRangeParams(document.identifier))
    assert (4, 8) in [(fold.start_line, fold.end_line) for fold in folds]
    tokens = await client.text_document_semantic_tokens_full_async(
        types.SemanticTokensParams(document.identifier)
    )
    assert len(tokens.data) % 5 == 0 and len(tokens.data) == 5 * 78


@pytest.mark.asyncio
async def test_formatting(client, document):
    document.change("h = x -> conv", "h   =   x->conv")
    edits = await client.text_document_formatting_async(
        types.DocumentFormattingParams(document.identifier, types.FormattingOptions(4, True))
    )
    assert "h = x -> conv" in document.apply(edits)
    document.change("h   =   x->conv", "h = = x")
    with pytest.raises(Exception):
        await client.text_document_formatting_async(
            types.DocumentFormattingParams(document.identifier, types.FormattingOptions(4, True))
        )


@pytest.mark.asyncio
async def test_refactorings(client, document):
    selection = types.Range(document.position("-> conv(3x3, width)"), document.position("-> repeat"))
    actions = await client.text_document_code_action_async(
        types.CodeActionParams(document.identifier, selection, types.CodeActionContext([]))
    )
    (extract,) = [action for action in actions if action.kind == "refactor.extract"]
    result = document.apply(extract.edit.changes[document.uri])
    assert "cell Extracted(width: Int) {" in result
    assert "-> Extracted(width: width)" in result


@pytest.mark.asyncio
async def test_texts_beyond_the_basic_plane(client, tmp_path):
    document = Document(client, "// 😀\ncell A { in x /* */ return x }\n", (tmp_path / "a.irlas").as_uri())
    for _ in range(500):
        if client.diagnostics.get(document.uri):
            break
        await asyncio.sleep(0.01)
    assert client.diagnostics[document.uri][0].range.start.line == 1
    document.change("😀", "ü😀漢")
    document.change("/* */ ", "")
    await messages(client, document.uri, 0)


@pytest.mark.asyncio
async def test_files_see_one_another(client, tmp_path):
    (tmp_path / "part.irlas").write_text("cell Part { in x return x -> relu }\n")
    text = 'use "part.irlas"\nnetwork N { in x: [3, 8, 8] return x -> Part }\n'
    document = Document(client, text, (tmp_path / "net.irlas").as_uri())
    await messages(client, document.uri, 0)
    part = Document(client, (tmp_path / "part.irlas").read_text(), (tmp_path / "part.irlas").as_uri())
    part.change("Part", "Other")
    await messages(client, document.uri, 1)
