import IRLASDSL
import IRLASJSON
import IRLASLanguageServer
import Testing

/// Bytes and the client's positions.
@Suite struct PositionTests {
  static let text = "a\r\nü😀b\n\n  漢字 // 😀\nend"

  @Test(arguments: [PositionEncoding.utf8, .utf16])
  func positionsGoThereAndBack(encoding: PositionEncoding) {
    let source = SourceFile(name: "", text: Self.text)
    var lines = LineMap(source, encoding)
    for (offset, byte) in source.utf8.enumerated() where byte & 0xC0 != 0x80 {
      // The byte between a carriage return and its line feed has no position of its own.
      if byte == 0x0A, offset > 0, source.utf8[offset - 1] == 0x0D { continue }
      let (line, character) = lines.position(at: offset)
      #expect(lines.offset(line: line, character: character) == offset, "byte \(offset)")
    }
  }

  @Test func utf16CountsCodeUnits() {
    var lines = LineMap(SourceFile(name: "", text: Self.text), .utf16)
    #expect(lines.position(at: 3 + 2 + 4) == (line: 1, character: 3))
    #expect(lines.offset(line: 1, character: 2) == 5, "within a surrogate pair is its start")
    #expect(lines.offset(line: 1, character: 99) == 10)
    #expect(lines.offset(line: 99, character: 0) == Self.text.utf8.count)
    #expect(lines.offset(line: -1, character: -1) == 0)
    #expect(lines.offset(line: 0, character: -7) == 0)
  }

  @Test func theEncodingIsNegotiated() {
    let utf8: JSON = ["general": ["positionEncodings": ["utf-16", "utf-8"]]]
    for (capabilities, expected) in [(utf8, "utf-8"), ([:], "utf-16")] {
      let client = Conversation(isInitialized: false)
      let result = client.request("initialize", ["capabilities": capabilities])
      #expect(result["capabilities"]?["positionEncoding"]?.text == expected)
      client.open("// 😀\ncell A { in 😀 return x }")
      let character = client.diagnostics().first?["range"]?["start"]?["character"]?.int
      #expect(character == 12)
    }
  }

  @Test(arguments: ["/a/b c/ü#?.irlas", "/plain-_.~/x.irlas", "/100%/a.irlas"])
  func pathsSurviveAsURIs(path: String) {
    let uri = DocumentURI.uri(path)
    #expect(uri.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
    #expect(DocumentURI.path(uri) == path)
    #expect(DocumentURI.normalized("/a/./b//../c") == "/a/c")
  }
}
