import Foundation
import Glibc
import Testing

@testable import IRLASDSL

@Suite struct SourceTests {
  @Test func locationsCountDisplayColumns() {
    let file = SourceFile(name: "a", text: "ab\r\n\tx\n深層 é e\u{301}x\n")
    func check(_ offset: Int, _ line: Int, _ column: Int) {
      #expect(file.location(at: offset) == IRLASDSL.SourceLocation(line: line, column: column), "\(offset)")
    }
    check(0, 1, 1)
    check(2, 1, 3)
    check(4, 2, 1)
    check(5, 2, 5)
    check(7, 3, 1)
    check(10, 3, 3)
    check(13, 3, 5)
    check(14, 3, 6)
    check(20, 3, 9)
    check(file.utf8.count, 4, 1)
    check(99, 4, 1)
    #expect(file.lineCount == 4)
    #expect(file.lineRange(0) == 0..<2)
    #expect(file.lineRange(3) == file.utf8.count..<file.utf8.count)
  }

  @Test func linesAgreeWithASearchFromTheStart() {
    let text = "\n\nab\n\r\nc\n"
    let file = SourceFile(name: "a", text: text)
    for offset in 0...text.utf8.count {
      let expected = text.utf8.prefix(offset).count { $0 == 0x0A }
      #expect(file.lineIndex(at: offset) == expected)
    }
  }

  @Test func validationAgreesWithTheStandardLibrary() {
    // All sequences of two bytes, and of three and four with interesting ones.
    let bytes: [UInt8] = [
      0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF,
      0xF0, 0xF1, 0xF4, 0xF5, 0xFF,
    ]
    var cases: [[UInt8]] = []
    for a in 0...255 { for b in 0...255 { cases.append([UInt8(a), UInt8(b)]) } }
    for a in bytes {
      for b in bytes {
        for c in bytes { for d in [0x41, 0x80, 0xC2] as [UInt8] { cases.append([a, b, c, d]) } }
      }
    }
    let disagreeing = cases.filter {
      (firstInvalidUTF8(in: $0) == nil) != (String(validating: $0, as: UTF8.self) != nil)
    }
    #expect(disagreeing == [])
    #expect(firstInvalidUTF8(in: Array("aé".utf8) + [0xFF]) == 3)
    #expect(firstInvalidUTF8(in: Array("aé".utf8.dropLast())) == 1)
  }

  @Test func bytesThatAreNoTextAreReported() {
    let (tree, diagnostics) = parsed(Array("cell A {\n  in ".utf8) + [0xFF, 0xFE, 0x0A])
    #expect(diagnostics.map(\.code) == [.notUTF8])
    #expect(diagnostics.first?.message == "this file is not UTF-8 text: byte 14 is 0xFF")
    #expect(diagnostics.first?.span.range == 14..<15)
    #expect(tree.root.declarations.isEmpty)
  }

  @Test func aHugeFileIsRefused() {
    let bytes = [UInt8](repeating: 0x20, count: SourceFile.maximumSize + 1)
    let (_, diagnostics) = parse(SourceFile(name: "huge", utf8: bytes))
    #expect(diagnostics.map(\.code) == [.sourceTooLarge])
    #expect(diagnostics.map(\.message) == ["this file has 64 MiB; the limit is 64 MiB"])
  }

  @Test func suggestionsAreNear() {
    let names = ["sep_conv", "conv", "dwconv", "bn", "relu", "relu6", "max_pool"]
    #expect(nearest(to: "sepconv", among: names) == "sep_conv")
    #expect(nearest(to: "cnov", among: names) == "conv")
    #expect(nearest(to: "Conv", among: names) == "conv")
    #expect(nearest(to: "reul", among: names) == "relu")
    #expect(nearest(to: "maxpool", among: names) == "max_pool")
    #expect(nearest(to: "max_poll", among: names) == "max_pool")
    #expect(nearest(to: "mxa_pool", among: names) == "max_pool")
    #expect(nearest(to: "Max_Pool", among: names) == "max_pool")
    // One edit for every three letters: two in six, not three.
    #expect(nearest(to: "dwcnvo", among: names) == "dwconv")
    #expect(nearest(to: "dxxxnv", among: names) == nil)
    #expect(nearest(to: "BN", among: names) == nil)
    #expect(nearest(to: "banana", among: names) == nil)
    #expect(nearest(to: "x", among: names) == nil)
    #expect(nearest(to: "", among: names) == nil)
    #expect(nearest(to: String(repeating: "a", count: 1_000_000), among: names) == nil)
  }

  /// The columns of every assigned character agree with the C library where both know it.
  @Test func widthsAgreeWithTheCLibrary() {
    guard let locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nil) else { return }
    let old = uselocale(locale)
    defer {
      uselocale(old)
      freelocale(locale)
    }
    // The headers hide it from Swift.
    guard let symbol = dlsym(dlopen(nil, RTLD_NOW), "wcwidth") else { return }
    let wcwidth = unsafeBitCast(symbol, to: (@convention(c) (wchar_t) -> CInt).self)
    var differences: [String] = []
    for value in UInt32(0x20)..<0x30000 {
      guard let scalar = Unicode.Scalar(value), printable(scalar) == scalar else { continue }
      switch scalar.properties.generalCategory {
      case .unassigned, .privateUse, .nonspacingMark, .enclosingMark: continue
      default: break
      }
      // Newer characters, which the library does not know, have no width there.
      let width = wcwidth(wchar_t(value))
      if width >= 0, Int(width) != displayWidth(of: scalar) {
        differences.append(String(value, radix: 16))
      }
    }
    #expect(differences.count < 200, "\(differences.prefix(300))")
  }

  /// Carets stand under what they mean, whatever the width of what is before them.
  @Test(arguments: [
    "深層", "한국", "👩", "e\u{301}", "\t", "a\tb", "⌚", "\u{1100}\u{1161}", "Ω", "ｗ", "\r", "👩\u{200D}🔬",
  ])
  func caretsUnderWideCharacters(before: String) throws {
    let text = "irlas 1\nnetwork Net { in x: [3, 8, 8]\nrequire 1 == 1, \"\(before)\" return x -> nope\n}\n"
    let program = program(text)
    let lines = DiagnosticRenderer(sources: program.sources).render(program.check().diagnostics)
      .components(separatedBy: "\n")
    let shown = try #require(lines.first { $0.contains("nope") && $0.hasPrefix(" 3 |") })
    let carets = try #require(lines.first { $0.contains("^^^^") })
    let end = try #require(shown.range(of: "nope"))
    let prefix = Array(shown[..<end.lowerBound].utf8)
    #expect(displayWidth(of: prefix[...]) == carets.prefix { $0 != "^" }.count)
    #expect(carets.filter { $0 == "^" }.count == 4)
  }
}
