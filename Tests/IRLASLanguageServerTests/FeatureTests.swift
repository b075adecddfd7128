import IRLASDSL
import IRLASJSON
import IRLASTestSupport
import Testing

/// What an editor shows and offers, one small text for each.
@Suite struct FeatureTests {
  static let program = """
    irlas 1
    use std

    /// A residual block.
    cell Block(out, stride = 1) {
      in x
      // The body.
      h = x
        -> conv(3x3, out, stride: stride) -> bn -> relu
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

    recipe Quick {
      data: cifar10(validation: 5000) -> flip -> normalize
      epochs: 2
      optimizer: sgd(lr: 0.1, momentum: 0.9)
    }
    """

  /// Hover text at the mark.
  private func hover(_ mark: String, in place: String) -> String {
    let client = Conversation()
    let marked = Marked(Self.program.replacing(place, with: mark, maxReplacements: 1))
    client.open(marked.text)
    return client.request("textDocument/hover", Conversation.place(marked))["contents"]?["value"]?.text ?? ""
  }

  @Test func hoverShowsShapesFiguresAndDocumentation() {
    let conv = hover("-> co¦nv(3x3, width)", in: "-> conv(3x3, width)")
    #expect(conv.contains("conv(kernel: Kernel, out: Int"))
    #expect(conv.contains("gives `[16, 32, 32]`"))
    #expect(conv.contains("432 parameters, 442_368 MACs"))
    let cell = hover("Bl¦ock(2 * width", in: "Block(2 * width")
    #expect(cell.contains("cell Block(out, stride = 1)"))
    #expect(cell.contains("A residual block."))
    #expect(cell.contains("in 2 uses"))
    #expect(hover("¦h + (x", in: "h + (x").contains("h = [32, 16, 16]"))
    #expect(hover("wid¦th = 16", in: "width = 16").contains("here `16`"))
    #expect(hover("network N¦et", in: "network Net").contains("depth"))
    #expect(hover("epo¦chs:", in: "epochs:").contains("passes over the training images"))
    #expect(hover("sg¦d(", in: "sgd(").contains("momentum: 0"))
    #expect(hover("h ¦+ (x", in: "h + (x").contains("gives `[32, 16, 16]`"))
  }

  @Test func hintsShowTheShapeAfterEachLine() {
    let client = Conversation()
    client.open(Self.program)
    let range = Conversation.range(0..<Self.program.utf8.count, in: Self.program)
    let hints = client.request(
      "textDocument/inlayHint", ["textDocument": ["uri": .string(Conversation.uri)], "range": range])
    let shown = (hints.elements ?? []).map {
      "\($0["position"]?["line"]?.int ?? -1) \($0["label"]?.text ?? "")"
    }
    #expect(
      shown == [
        "8 [32, 16, 16]", "9 [32, 16, 16]", "10 [32, 16, 16]", "16 [16, 32, 32]", "17 [32, 16, 16]",
        "18 [10, 1, 1]",
      ])
  }

  @Test func lensesShowFigures() {
    let client = Conversation()
    client.open(Self.program)
    let uri: JSON = ["textDocument": ["uri": .string(Conversation.uri)]]
    let titles = (client.request("textDocument/codeLens", uri).elements ?? []).map {
      $0["command"]?["title"]?.text ?? ""
    }
    #expect(titles.count == 2)
    #expect(titles.first?.hasPrefix("2 uses: 33.0 k parameters") == true, "\(titles)")
    #expect(titles.last?.contains("33.8 k parameters") == true, "\(titles)")
    client.replace(Self.program.replacing("fit", with: "fix"))
    let broken = (client.request("textDocument/codeLens", uri).elements ?? []).map {
      $0["command"]?["title"]?.text ?? ""
    }
    #expect(broken.last == "not elaborated")
  }

  @Test func definitionsAndReferences() {
    let client = Conversation()
    let marked = Marked(Self.program.replacing("repeat 2 Block", with: "repeat 2 Bl¦ock"))
    client.open(marked.text)
    let place = Conversation.place(marked)
    let definition = client.request("textDocument/definition", place)
    #expect(definition["range"]?["start"]?.line == #"{"line":4,"character":5}"#)
    let all = client.request("textDocument/references", place).elements ?? []
    #expect(all.compactMap { $0["range"]?["start"]?["line"]?.int } == [4, 17])
    let fit = Marked(Self.program.replacing("x -> fit", with: "x -> f¦it"))
    let standard = client.request("textDocument/definition", Conversation.place(fit))
    #expect(standard["uri"]?.text == "file:///std.irlas")
    let label = Marked(Self.program.replacing("stride: 2 then", with: "st¦ride: 2 then"))
    let uses = client.request("textDocument/references", Conversation.place(label)).elements ?? []
    #expect(uses.compactMap { $0["range"]?["start"]?["line"]?.int } == [4, 8, 17])
    #expect(
      (client.request("textDocument/documentHighlight", Conversation.place(label)).elements ?? []).count == 3)
  }

  @Test func theOutlineNestsParametersAndBindings() {
    let client = Conversation()
    client.open(Self.program)
    let uri: JSON = ["textDocument": ["uri": .string(Conversation.uri)]]
    let symbols = client.request("textDocument/documentSymbol", uri).elements ?? []
    #expect(symbols.compactMap { $0["name"]?.text } == ["Block", "Net", "Quick"])
    #expect(
      (symbols.first?["children"]?.elements ?? []).compactMap { $0["name"]?.text } == [
        "out", "stride", "x", "h",
      ])
    let folds = client.request("textDocument/foldingRange", uri).elements ?? []
    #expect(folds.map { [$0["startLine"]?.int, $0["endLine"]?.int] } == [[4, 10], [13, 18], [21, 24]])
  }

  @Test func semanticTokensCoverTheTextInOrder() {
    let client = Conversation()
    client.open(Self.program)
    let uri: JSON = ["textDocument": ["uri": .string(Conversation.uri)]]
    let data = (client.request("textDocument/semanticTokens/full", uri)["data"]?.elements ?? []).compactMap(
      \.int)
    #expect(data.count % 5 == 0)
    let lines = Self.program.split(separator: "\n", omittingEmptySubsequences: false).map { Array($0.utf8) }
    var (line, character) = (0, 0)
    var words: [String: Int] = [:]
    for start in stride(from: 0, to: data.count, by: 5) {
      character = data[start] == 0 ? character + data[start + 1] : data[start + 1]
      line += data[start]
      let word = String(decoding: lines[line][character..<character + data[start + 2]], as: UTF8.self)
      words[word] = words[word] ?? data[start + 3]
    }
    // Keyword, function, class, parameter, variable, number, property, comment.
    #expect(words["cell"] == 0)
    #expect(words["conv"] == 5)
    #expect(words["Block"] == 6)
    #expect(words["width"] == 8)
    #expect(words["h"] == 9)
    #expect(words["3x3"] == 3)
    #expect(words["// The body."] == 1)
    #expect(words["epochs"] == 10)
  }

  @Test func signatureHelpFollowsTheArgument() {
    let client = Conversation()
    for (text, active) in [("conv(3x3, ¦", 1), ("conv(3x3, 4, padding: ¦", 5), ("conv(¦", 0)] {
      let marked = Marked("cell A { in x return x -> \(text)")
      client.open(marked.text)
      let help = client.request("textDocument/signatureHelp", Conversation.place(marked))
      #expect(help["activeParameter"]?.int == active)
      let signature = help["signatures"]?.elements?.first
      #expect(signature?["label"]?.text?.hasPrefix("conv(kernel: Kernel") == true)
      for parameter in signature?["parameters"]?.elements ?? [] {
        #expect(signature?["label"]?.text?.contains(parameter["label"]?.text ?? "?") == true)
      }
    }
  }

  @Test func openFilesSeeOneAnother() {
    let cell = "cell Body(out) { in x return x -> conv(3x3, out) }"
    let main = """
      use "cell.irlas" { Body as Part }
      network Net { in x: [3, 8, 8] return x -> Part(8) -> bn }
      """
    let client = Conversation(files: ["/cell.irlas": "cell Other { in x return x }"])
    client.open(main)
    #expect(client.diagnostics().first?["code"]?.text == "L0105")
    client.open(cell, uri: "file:///cell.irlas")
    #expect(client.diagnostics().isEmpty)
    client.replace("cell Body(out) { in x return x -> conv(3x3, out, groups: 2) }", uri: "file:///cell.irlas")
    #expect(client.diagnostics().isEmpty)
    #expect(client.diagnostics(uri: "file:///cell.irlas").first?["code"]?.text == "L0312")
    client.notify("textDocument/didClose", ["textDocument": ["uri": "file:///cell.irlas"]])
    #expect(client.diagnostics().first?["code"]?.text == "L0105")
    #expect(client.diagnostics(uri: "file:///cell.irlas").isEmpty)
  }

  @Test func fixesAreQuickFixes() {
    let client = Conversation()
    let text = "network Net { in x: [3, 8, 8] return x -> relv }"
    client.open(text)
    #expect(client.diagnostics().count == 1)
    let actions = client.actions(44..<44)
    #expect(actions.first?["kind"]?.text == "quickfix")
    #expect(client.applying(actions.first?["edit"]) == text.replacing("relv", with: "relu"))
  }
}

/// Formatting, which has to give the formatter's text whatever the edits are.
@Suite struct FormattingTests {
  @Test(arguments: samplePrograms)
  func editsGiveTheFormattedText(sample: SampleProgram) throws {
    let untidy = sample.text.replacing(" -> ", with: "  ->").replacing("// ", with: "// 😀 ")
    let client = Conversation()
    client.open(untidy)
    let edits = client.request(
      "textDocument/formatting",
      ["textDocument": ["uri": .string(Conversation.uri)], "options": ["tabSize": 8, "insertSpaces": false]])
    let result = Conversation.applying(edits, to: untidy)
    #expect(result == (try formatted(untidy)))
    client.replace(result)
    let again = client.request(
      "textDocument/formatting", ["textDocument": ["uri": .string(Conversation.uri)]])
    #expect(again == [])
  }

  @Test func brokenTextsAreNotFormatted() {
    let client = Conversation()
    client.open("cell A { in x return x -> }")
    let reply = client.reply(
      to: "textDocument/formatting", ["textDocument": ["uri": .string(Conversation.uri)]])
    #expect(reply["error"]?["code"]?.int == -32803)
  }
}
