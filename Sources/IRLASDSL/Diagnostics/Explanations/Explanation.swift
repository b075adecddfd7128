import IRLASGraph

/// What `irlas explain` and the manual say about one message: why it is given, a program that gives it, and the
/// program that does not.
package struct Explanation: Sendable {
  /// A file that an example uses.
  package struct UsedFile: Sendable {
    /// Its path, relative to the example.
    package var name: String
    /// Its text; nil for a file that is there and cannot be read.
    package var text: String?
  }

  /// Why the message is given and what to do about it; lines as they are shown.
  package var text: String
  /// A program that gives the message. A replacement sign stands for a byte that is no UTF-8.
  package var example: String
  /// How often the text of the example stands in the file.
  package var repetitions: Int
  /// The program without the mistake.
  package var cure: String
  /// What the example uses.
  package var files: [UsedFile]
  /// The network to elaborate, where the message is not given by `irlas check`.
  package var network: String?
  /// The `--set` options of that.
  package var settings: [(name: String, value: String)]

  /// The name of the example's file.
  package static let fileName = "example.irlas"

  init(
    _ text: String, example: String, repetitions: Int = 1, cure: String, files: [UsedFile] = [],
    network: String? = nil, settings: [(name: String, value: String)] = []
  ) {
    self.text = text
    self.example = example
    self.repetitions = repetitions
    self.cure = cure
    self.files = files
    self.network = network
    self.settings = settings
  }

  /// The file that gives the message, byte for byte.
  package var exampleBytes: [UInt8] {
    let mark = Array("\u{FFFD}".utf8)
    var once: [UInt8] = []
    let text = Array(example.utf8)
    var index = 0
    while index < text.count {
      if text[index...].starts(with: mark) {
        once.append(0xFF)
        index += mark.count
      } else {
        once.append(text[index])
        index += 1
      }
    }
    once.append(0x0A)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(once.count * repetitions)
    for _ in 0..<repetitions { bytes += once }
    return bytes
  }

  /// What is said about the example: the program and the messages.
  package func messages() -> (sources: SourceSet, diagnostics: [Diagnostic]) { messages(of: exampleBytes) }

  /// What is said about the cure.
  package func messagesOfCure() -> (sources: SourceSet, diagnostics: [Diagnostic]) {
    messages(of: Array((cure + "\n").utf8))
  }

  private func messages(of bytes: [UInt8]) -> (SourceSet, [Diagnostic]) {
    let entry = SourceFile(name: Self.fileName, utf8: bytes)
    let program = Program.load(entry: entry) { path in
      guard let file = files.first(where: { $0.name == path }) else { return .missing }
      return file.text.map { .bytes(Array($0.utf8)) } ?? .unreadable("permission denied")
    }
    guard let network, !program.hasErrors else { return (program.sources, program.check().diagnostics) }
    let name = program.networks.first ?? network
    // What has been decided in the program needs no setting any more.
    let settings = program.networks.isEmpty ? self.settings : []
    return (
      settings.isEmpty ? program.sources : program.sources(withSettings: settings, of: name),
      program.elaborate(network: name, arguments: settings).diagnostics
    )
  }

  /// The command that gives the message.
  package var command: String {
    guard let network else { return "irlas check \(Self.fileName)" }
    let set = settings.map { " --set \($0.name)=\($0.value)" }.joined()
    return "irlas stats \(Self.fileName) \(network)\(set)"
  }
}

extension DiagnosticCode {
  /// The entry for people: `irlas explain L0201`.
  package func explained() -> String {
    let entry = explanation
    let (sources, diagnostics) = entry.messages()
    let shown = diagnostics.filter { $0.code == self }.prefix(1)
    return """
      \(code): \(summary) (\(defaultSeverity.rawValue))

      \(entry.text)

      For example:

      \(indented(entry.exampleAsShown))

      \(entry.command)

      \(indented(DiagnosticRenderer(sources: sources).render(Array(shown))))

      Better:

      \(indented(entry.cure))
      """
  }

  private func indented(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? "" : "    \($0)" }
      .joined(separator: "\n")
  }

  /// The chapter of the manual about all messages, in Markdown.
  package static var catalogue: String {
    var text = """
      # Messages

      Every message has a code that never changes. `irlas explain L0201` shows an entry of this page, `irlas explain`
      the list of all. A message looks the same in the editor, where its fixes are code actions; `irlas check --fix`
      applies those that leave nothing to decide.

      This page is made from the table that `irlas explain` reads.

      """
    for (hundred, title) in Self.chapters {
      text += "\n## \(title)\n\n| code | |\n|---|---|\n"
      let codes = allCases.filter { Int($0.rawValue) / 100 == hundred }
      for code in codes { text += "| [\(code.code)](#\(code.code.lowercased())) | \(code.summary) |\n" }
      for code in codes { text += "\n" + code.catalogueEntry }
    }
    return text
  }

  /// The hundreds of the codes and what they are about.
  package static let chapters: [(hundred: Int, title: String)] = [
    (0, "Text and grammar"), (1, "Names, files and uses"), (2, "Tensors and shapes"),
    (3, "Values, parameters and layers"), (4, "Decisions and spaces"), (5, "Checks, recipes and searches"),
  ]

  private var catalogueEntry: String {
    let entry = explanation
    let (sources, diagnostics) = entry.messages()
    let shown = diagnostics.filter { $0.code == self }.prefix(1)
    return """
      ### \(code)

      \(summary.prefix(1).uppercased() + summary.dropFirst()) (\(defaultSeverity.rawValue)).

      \(entry.text)

      ```
      \(entry.exampleAsShown)
      ```
      ```
      \(DiagnosticRenderer(sources: sources).render(Array(shown)))
      ```
      Better:
      ```
      \(entry.cure)
      ```

      """
  }
}

extension Explanation {
  /// The example with what it uses, as it is printed.
  package var exampleAsShown: String {
    var text = example
    if repetitions > 1 { text += "\n(\(grouped(repetitions)) times)" }
    for file in files {
      text += "\n\n// \(file.name)\n"
      text += file.text?.trimmingLineEnd ?? "(without the right to read it)"
    }
    return text
  }
}

extension String {
  fileprivate var trimmingLineEnd: String { last == "\n" ? String(dropLast()) : self }
}
