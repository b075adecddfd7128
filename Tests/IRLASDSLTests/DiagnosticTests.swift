import Testing

@testable import IRLASDSL

@Suite struct DiagnosticTests {
  private let file = SourceFile(
    name: "bottleneck.irlas",
    text: """
      irlas 1
      cell Bottleneck(out) {
        in x
        h = x
          -> conv(3x3, out)  -> bn -> relu
          -> conv(1x1, out)  -> bn

        return h + x -> relu
      }

      """)

  /// The span of the first `text` after `after`.
  private func span(_ text: String, after: String = "", in file: SourceFile? = nil) -> SourceSpan {
    let file = file ?? self.file
    let whole = String(decoding: file.utf8, as: UTF8.self)
    let start = whole.firstRange(of: after)?.upperBound ?? whole.startIndex
    guard let range = whole[start...].firstRange(of: text) else { return file.span(0..<0) }
    let lower = whole.utf8.distance(from: whole.startIndex, to: range.lowerBound)
    return file.span(lower..<lower + text.utf8.count)
  }

  private var shapes: Diagnostic {
    Diagnostic(
      .shapesDisagree, "the two sides of `+` have different shapes", at: span("+"),
      secondary: [
        .init(span("bn", after: "1x1, out)  -> "), "h is [256, 32, 32] here", style: .secondary),
        .init(span("h", after: "return "), style: .secondary),
        .init(span("x", after: "h + "), "x is [64, 32, 32], from the cell's input", style: .secondary),
      ],
      notes: ["channels differ: 256 and 64"],
      trace: [.init("Bottleneck(256, width: 512), copy 1 of 3, from ResNeXt29", at: span("Bottleneck"))],
      help: [
        .init(
          "project the shortcut where needed",
          edits: [.init(span("x", after: "h + "), "(x -> fit)")])
      ])
  }

  private func render(_ diagnostic: Diagnostic, _ file: SourceFile? = nil) -> String {
    DiagnosticRenderer(sources: SourceSet(file ?? self.file)).render(diagnostic)
  }

  @Test func theLongForm() {
    #expect(
      render(shapes) == """
        error[L0201]: the two sides of `+` have different shapes
          --> bottleneck.irlas:8:12
           |
         6 |     -> conv(1x1, out)  -> bn
           |                           -- h is [256, 32, 32] here
         8 |   return h + x -> relu
           |          - ^ - x is [64, 32, 32], from the cell's input
           |
           = channels differ: 256 and 64
           = in Bottleneck(256, width: 512), copy 1 of 3, from ResNeXt29 (bottleneck.irlas:2:6)
        help: project the shortcut where needed
           |   return h + (x -> fit) -> relu
        """)
  }

  @Test func labelsOnOneLineHangBelowEachOther() {
    let diagnostic = Diagnostic(
      .shapesDisagree, "these disagree", at: span("+"), label: "added here",
      secondary: [
        .init(span("h", after: "return "), "256 channels", style: .secondary),
        .init(span("x", after: "h + "), "64 channels", style: .secondary),
      ])
    #expect(
      render(diagnostic) == """
        error[L0201]: these disagree
          --> bottleneck.irlas:8:12
           |
         8 |   return h + x -> relu
           |          - ^ - 64 channels
           |          | |
           |          | added here
           |          256 channels
        """)
  }

  @Test func aSpanOverSeveralLinesShowsItsEnds() {
    let lower = span("x", after: "h = ").lower
    let whole = SourceSpan(file: file.id, lower: lower, upper: span("bn", after: "1x1, out)  -> ").upper)
    #expect(
      render(
        Diagnostic(.unusedBinding, severity: .warning, "nothing reads this", at: whole, label: "these lines"))
          == """
          warning[L0106]: nothing reads this
            --> bottleneck.irlas:4:7
             |
           4 |   h = x
             |       ^
           6 |     -> conv(1x1, out)  -> bn
             |     ^^^^^^^^^^^^^^^^^^^^^^^^ these lines
          """)
  }

  @Test func tabsWideAndControlCharactersKeepTheColumns() {
    let file = SourceFile(name: "t", text: "\t\"深層\" \u{1B}[31m + x\n")
    let diagnostic = Diagnostic(.unknownName, "no `\u{1B}[0mx`", at: span("x", in: file), label: "here")
    #expect(
      render(diagnostic, file) == """
        error[L0105]: no `\u{FFFD}[0mx`
          --> t:1:20
           |
         1 |     "深層" \u{FFFD}[31m + x
           |                    ^ here
        """)
  }

  @Test func longLinesAreShownInPart() {
    let file = SourceFile(name: "t", text: String(repeating: "a + ", count: 100_000) + "§ b\n")
    let text = render(Diagnostic(.unexpectedCharacter, "odd", at: span("§", in: file)), file)
    #expect(text.utf8.count < 1000)
    #expect(text.contains(" ... "))
    let lines = text.split(separator: "\n").suffix(2)
    let column = lines.last?.firstIndex(of: "^").map {
      lines.last?.distance(from: lines.last!.startIndex, to: $0)
    }
    #expect(lines.first.map { Array($0)[(column ?? 0) ?? 0] } == "§")
  }

  @Test func labelsInOtherFilesHaveTheirOwnExcerpt() {
    var set = SourceSet()
    let a = set.add(name: "a.irlas", utf8: Array("use \"b.irlas\"\n".utf8))
    let b = set.add(name: "b.irlas", utf8: Array("use \"a.irlas\"\n".utf8))
    let diagnostic = Diagnostic(
      .cyclicUse, "these files use one another", at: a.span(4..<13),
      secondary: [.init(b.span(4..<13), "and back", style: .secondary)])
    #expect(
      DiagnosticRenderer(sources: set).render(diagnostic) == """
        error[L0107]: these files use one another
          --> a.irlas:1:5
           |
         1 | use "b.irlas"
           |     ^^^^^^^^^
          ::: b.irlas:1:5
           |
         1 | use "a.irlas"
           |     --------- and back
        """)
  }

  @Test func theShortForm() {
    #expect(
      DiagnosticRenderer(sources: SourceSet(file)).renderShort(shapes)
        == "bottleneck.irlas:8:12: error[L0201]: the two sides of `+` have different shapes")
  }

  @Test func theJSONForm() {
    let diagnostic = Diagnostic(
      .shapesDisagree, "a \"b\"\n\u{1}", at: span("+"), help: [.init("fix", edits: [.init(span("+"), "->")])])
    let at =
      #"{"file":"bottleneck.irlas","line":8,"column":12,"end_line":8,"end_column":13,"offset":124,"end_offset":125}"#
    #expect(
      DiagnosticRenderer(sources: SourceSet(file)).renderJSON(diagnostic)
        == #"{"code":"L0201","severity":"error","message":"a \"b\"\n\u0001","at":\#(at),"#
        + #""labels":[{"style":"primary","text":"","at":\#(at)}],"notes":[],"trace":[],"#
        + #""help":[{"message":"fix","edits":[{"at":\#(at),"replacement":"->"}],"automatic":true}]}"#)
  }

  @Test func colourOnlyAddsEscapes() {
    let colored = DiagnosticRenderer(sources: SourceSet(file), color: true).render(shapes)
    var plain = ""
    var rest = Substring(colored)
    while let escape = rest.firstIndex(of: "\u{1B}") {
      plain += rest[..<escape]
      rest = rest[escape...].drop { $0 != "m" }.dropFirst()
    }
    #expect(colored != render(shapes))
    #expect(plain + rest == render(shapes))
  }

  @Test func codesAreStable() {
    #expect(DiagnosticCode.shapesDisagree.code == "L0201")
    #expect(DiagnosticCode.groupsDoNotDivide.code == "L0312")
    #expect(DiagnosticCode.unknownLayer.code == "L0104")
    #expect(DiagnosticCode.arityMismatch.code == "L0230")
    #expect(DiagnosticCode.measuredFigure.code == "L0411")
    for code in DiagnosticCode.allCases { #expect(DiagnosticCode(code: code.code) == code) }
    let summaries = DiagnosticCode.allCases.map(\.summary)
    #expect(Set(summaries).count == summaries.count)
    for wrong in ["", "L", "201", "L201", "L9999", "M0201", "L+201"] {
      #expect(DiagnosticCode(code: wrong) == nil)
    }
  }

  @Test func editsThatOverlapAreRefused() {
    let a = Diagnostic.Edit(file.span(0..<5), "x")
    #expect(applying([a, Diagnostic.Edit(file.span(4..<6), "y")], to: file) == nil)
    #expect(
      applying([a, Diagnostic.Edit(file.span(5..<5), "y")], to: file)?.starts(with: Array("xy 1".utf8))
        == true)
  }
}
