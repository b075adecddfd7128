import Foundation
import Testing

@testable import IRLASDSL

/// Twenty usual mistakes beside what other tools say: our side is made by the checker, theirs was recorded by
/// `Tests/Reference/mistakes.py`.
@Suite struct MistakesPageTests {
  /// What was recorded.
  private struct Record: Decodable {
    struct Reply: Decodable {
      var code: String
      var stage: String?
      var message: String?
      /// The shapes that come out where nothing fails.
      var shapes: String?
    }
    struct Peers: Decodable {
      var torch: Reply?
      var keras: Reply?
      var onnx: Reply?
    }
    var versions: [String: String]
    var mistakes: [String: Peers]
  }

  /// The mistakes in the order of the page, each with what the comparison shows.
  private static let order: [(name: String, remark: String)] = [
    (
      "residual_sum",
      "PyTorch notices when the first batch arrives and names the two sizes; Keras and ONNX notice while the model is made. Of the four only IRLAS names both sides and where their shapes come from, and offers the projection."
    ),
    (
      "broadcast_sum",
      "The other three broadcast: a network that nobody meant is trained without a word. In IRLAS a sum takes equal shapes, and what is meant to be spread over the places is a gate, `x * gate`."
    ),
    (
      "concat_sizes",
      "All notice; Keras shows both shapes, as IRLAS does."
    ),
    (
      "missing_flatten",
      "Keras applies the layer to the last axis at every place, which is a sensible layer and seldom the one that was meant: a class for each of 1024 places. PyTorch speaks of two matrices, of which 256x32 is eight channels times 32 rows by 32 columns. ONNX says it as well as can be."
    ),
    (
      "groups",
      "PyTorch and Keras say it plainly. ONNX passes the model as checked, and it fails when it runs."
    ),
    (
      "uneven_split",
      "PyTorch gives three parts of two channels where four were asked for, ONNX a fourth part of no channels. Keras refuses, as IRLAS does."
    ),
    (
      "vanishing_size",
      "PyTorch and Keras name the last layer. IRLAS also lists the layers that made the image small, as those are what has to change."
    ),
    (
      "swapped_arguments",
      "Numbers fit everywhere, so that a kernel of 64x64 is looked for in the image. A kernel is a type of its own in IRLAS."
    ),
    (
      "wrong_inputs",
      "PyTorch names the input that is missing, which is more than IRLAS does; it does so when the first batch arrives."
    ),
    (
      "missing_argument",
      "All say the same, and Python says it best: which argument, of what."
    ),
    (
      "label_typo",
      "All notice. None of the three says what was meant."
    ),
    (
      "wrong_type",
      "PyTorch and Keras complain of groups, which the program does not mention. ONNX takes fractions nowhere; the nearest mistake there, a stride of 1.5, gets a clear answer."
    ),
    (
      "misspelt_layer",
      "Python suggests the right name, as IRLAS does. ONNX names the place only by an empty node name."
    ),
    (
      "undefined_input",
      "Python says it well. In PyTorch the line runs with the first batch only, so a branch that is seldom taken keeps its mistake for long."
    ),
    (
      "duplicate_name",
      "PyTorch keeps the second layer; the first one is gone. Keras and ONNX refuse, as IRLAS does."
    ),
    (
      "unused_binding",
      "Nobody else minds: the layers are made and, in PyTorch, even handed to the optimizer, which never changes them."
    ),
    (
      "cyclic_cell",
      "Python runs out of stack after a thousand copies and prints the same line as often. ONNX, which has no cells, is shown a circle of two nodes instead."
    ),
    (
      "unbalanced_bracket",
      "Python points at the bracket, as IRLAS does; IRLAS also shows the line with the missing one. ONNX says what it misses, and where it noticed."
    ),
    (
      "recipe_key",
      "Both notice. ONNX does not describe training."
    ),
    (
      "budget",
      "None of the three has a place to say it; it is what the author measures, or forgets to."
    ),
  ]

  private static func record() throws -> Record {
    let file = ExplanationTests.root.appendingPathComponent("Tests/Reference/fixtures/mistakes.json")
    return try JSONDecoder().decode(Record.self, from: Data(contentsOf: file))
  }

  private static func text(_ name: String) throws -> String {
    try String(
      contentsOf: Samples.folder.appendingPathComponent("mistakes/\(name).irlas"), encoding: .utf8)
  }

  /// Every program has one mistake and one message, which is an error.
  @Test func oneMistakeOneMessage() throws {
    let names = Self.order.map(\.name)
    #expect(Set(names).count == 20)
    let files = try Samples.programs(in: "mistakes").map { $0.dropFirst(9).dropLast(6) }
    #expect(Set(files.map(String.init)) == Set(names))
    for name in names {
      let report = try Samples.load("mistakes/\(name).irlas").check()
      #expect(report.diagnostics.count == 1, "\(name)")
      #expect(report.diagnostics.first?.severity == .error, "\(name)")
    }
    #expect(Set(try Self.record().mistakes.keys) == Set(names))
  }

  @Test func thePageOfTheManual() throws {
    let record = try Self.record()
    let version = { (name: String) in record.versions[name] ?? "?" }
    var page = """
      # Twenty usual mistakes

      What IRLAS says about them, beside PyTorch \(version("torch")), Keras \(version("keras")) and ONNX \
      \(version("onnx")) (its checker with shape inference, then onnxruntime \(version("onnxruntime"))), with Python \
      \(version("python")). Their side is what `Tests/Reference/mistakes.py` recorded: the lines shown are those that ran, \
      and of a message the last lines; Python prints the lines that led there before it, so that the place is often \
      found in them. Our side is made by the checker when the tests run.


      """
    page += Self.verdict(record) + Self.summary(record)
    for (number, entry) in Self.order.enumerated() {
      guard let peers = record.mistakes[entry.name] else { continue }
      page += try Self.section(number + 1, entry.name, entry.remark, peers)
    }
    try ExplanationTests.expect(page, in: "docs/messages.md")
  }

  private static func title(_ name: String) throws -> String {
    let first = try text(name).split(separator: "\n").first ?? ""
    return String(first.dropFirst(4).dropLast())
  }

  /// What the comparison comes to, counted.
  private static func verdict(_ record: Record) -> String {
    func count(_ peer: (Record.Peers) -> Record.Reply?, _ stage: String?) -> Int {
      order.count { entry in
        record.mistakes[entry.name].flatMap(peer).map { $0.stage == stage } ?? false
      }
    }
    return """
      - **IRLAS** tells all \(order.count) before anything runs, each with its place in the program.
      - **PyTorch** never notices \(count(\.torch, nil)) of them, and \(count(\.torch, "the first batch")) only when data \
      arrive. It knows no shapes before; what it says then is short and mostly to the point.
      - **Keras** never notices \(count(\.keras, nil)). As the model is made with shapes, nearly everything else is told while \
      it is made, by messages that show the shapes.
      - **ONNX** never notices \(count(\.onnx, nil)), and \(count(\.onnx, "the first batch")) models that its checker passes \
      fail when they run. Its format is written by programs: nodes without a name are hard to find.

      Others are better at some: Python says which argument of which function is missing, and PyTorch which input of a \
      module, where IRLAS gives numbers and the declaration. Their programs are ordinary Python, so that what has no place \
      here, a limit on parameters, can be asserted by hand.


      """
  }

  /// The table of who notices what, and when.
  private static func summary(_ record: Record) -> String {
    func cell(_ reply: Record.Reply?) -> String {
      guard let reply else { return "cannot be said" }
      return reply.stage ?? "**never**"
    }
    var text = "When each tool notices; `irlas check` does so before anything runs.\n\n"
    text += "| mistake | PyTorch | Keras | ONNX |\n|---|---|---|---|\n"
    for (number, entry) in order.enumerated() {
      guard let peers = record.mistakes[entry.name], let title = try? title(entry.name) else { continue }
      text +=
        "| [\(number + 1). \(title)](#\(number + 1)) | \(cell(peers.torch)) | \(cell(peers.keras)) "
        + "| \(cell(peers.onnx)) |\n"
    }
    return text
  }

  private static func section(_ number: Int, _ name: String, _ remark: String, _ peers: Record.Peers) throws
    -> String
  {
    let program = try Samples.load("mistakes/\(name).irlas")
    let source = try text(name).split(separator: "\n", omittingEmptySubsequences: false).dropFirst()
    var text = "\n## <a id=\"\(number)\"></a>\(number). \(try title(name))\n\n"
    if !remark.isEmpty { text += "\(remark)\n\n" }
    text += "```\n\(source.joined(separator: "\n"))```\n```\n"
    text += DiagnosticRenderer(sources: program.sources).render(program.check().diagnostics) + "\n```\n"
    for (title, reply) in [("PyTorch", peers.torch), ("Keras", peers.keras), ("ONNX", peers.onnx)] {
      guard let reply else {
        text += "\n**\(title)** has no way to say this.\n"
        continue
      }
      let stage = reply.stage.map { "fails at \($0)" } ?? "accepts it and gives \(reply.shapes ?? "")"
      text += "\n**\(title)** \(stage):\n```\n\(reply.code)\n```\n"
      if let message = reply.message { text += "```\n\(message)\n```\n" }
    }
    return text
  }
}
