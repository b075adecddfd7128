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
    #expect(nearest(to: "BN", among: names) == nil)
    #expect(nearest(to: "banana", among: names) == nil)
    #expect(nearest(to: "x", among: names) == nil)
    #expect(nearest(to: "", among: names) == nil)
    #expect(nearest(to: String(repeating: "a", count: 1_000_000), among: names) == nil)
  }
}
