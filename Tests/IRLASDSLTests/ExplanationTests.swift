import Foundation
import Testing

@testable import IRLASDSL

/// Every message has an entry that is true.
@Suite struct ExplanationTests {
  /// What the generated files of this suite are compared with. `IRLAS_WRITE_FIXTURES=1` writes them anew.
  private static var writes: Bool { ProcessInfo.processInfo.environment["IRLAS_WRITE_FIXTURES"] != nil }

  static var root: URL { Samples.folder.deletingLastPathComponent() }

  /// Compares a generated text with the file that keeps it.
  static func expect(_ text: String, in path: String, location: SourceLocationOfTest = #_sourceLocation)
    throws
  {
    let file = root.appendingPathComponent(path)
    if writes { try Data(text.utf8).write(to: file) }
    let kept = try String(contentsOf: file, encoding: .utf8)
    if kept == text { return }
    let (a, b) = (kept.components(separatedBy: "\n"), text.components(separatedBy: "\n"))
    let line = zip(a, b).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? min(a.count, b.count)
    Issue.record(
      """
      \(path) differs from what is generated at line \(line + 1); IRLAS_WRITE_FIXTURES=1 writes it anew
      kept:      \(line < a.count ? a[line] : "(ends)")
      generated: \(line < b.count ? b[line] : "(ends)")
      """, sourceLocation: location)
  }

  /// The example gives its message and no other; the cure gives none.
  @Test(arguments: DiagnosticCode.allCases)
  func examplesAndCures(code: DiagnosticCode) {
    let entry = code.explanation
    let (sources, diagnostics) = entry.messages()
    let codes = Set(diagnostics.map(\.code))
    let others: Set<DiagnosticCode> = code == .tooManyDiagnostics ? [.unknownModule] : []
    let text = DiagnosticRenderer(sources: sources).render(Array(diagnostics.prefix(5)))
    #expect(codes == others.union([code]), "\(code.code)\n\(text)")
    #expect(diagnostics.first { $0.code == code }?.severity == code.defaultSeverity, "\(code.code)")
    let (curedSources, left) = entry.messagesOfCure()
    #expect(left.isEmpty, "\(code.code)\n\(DiagnosticRenderer(sources: curedSources).render(left))")
    #expect(!entry.text.isEmpty && entry.example != entry.cure)
    #expect(entry.text.split(separator: "\n").allSatisfy { $0.count <= 120 }, "\(code.code)")
  }

  /// Every code is in a chapter of the manual.
  @Test func chaptersHoldAllCodes() {
    let hundreds = Set(DiagnosticCode.chapters.map(\.hundred))
    for code in DiagnosticCode.allCases { #expect(hundreds.contains(Int(code.rawValue) / 100)) }
  }

  /// The manual's page is the one that is made from the table.
  @Test func thePageOfTheManual() throws {
    try Self.expect(DiagnosticCode.catalogue, in: "docs/messages-catalogue.md")
  }

  /// The rendered text of every message, to the letter.
  @Test func renderedTexts() throws {
    var text = ""
    for code in DiagnosticCode.allCases {
      let (sources, diagnostics) = code.explanation.messages()
      let shown = diagnostics.filter { $0.code == code }
      text += "==== \(code.code)\n\(DiagnosticRenderer(sources: sources).render(shown))\n\n"
    }
    try Self.expect(text, in: "Tests/Reference/fixtures/messages.txt")
  }

  @Test func theEntryForPeople() {
    let text = DiagnosticCode.groupsDoNotDivide.explained()
    #expect(text.hasPrefix("L0312: a number of groups that does not divide the channels (error)\n"))
    #expect(text.contains("    error[L0312]: 8 groups cannot split 100 channels\n"))
    #expect(text.contains("\nBetter:\n"))
  }
}
