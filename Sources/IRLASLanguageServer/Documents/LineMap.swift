package import IRLASDSL
package import IRLASJSON

/// How the client counts characters within a line.
package enum PositionEncoding: String, Sendable {
  /// Bytes of UTF-8.
  case utf8 = "utf-8"
  /// Code units of UTF-16, the protocol's default.
  case utf16 = "utf-16"
}

/// Converts between byte offsets and the client's positions. Lines end with a line feed, with or without a carriage
/// return before it.
///
/// Remembers the last place, so that going through a text from start to end is linear even when it is one line.
package struct LineMap {
  private let source: SourceFile
  private let encoding: PositionEncoding
  private var line = 0
  private var offset = 0
  private var character = 0

  /// A map of a text.
  package init(_ source: SourceFile, _ encoding: PositionEncoding) {
    self.source = source
    self.encoding = encoding
  }

  /// The line and character, from 0, of a byte; offsets beyond the end are the end.
  package mutating func position(at target: Int) -> (line: Int, character: Int) {
    let target = min(max(0, target), source.utf8.count)
    if target < offset || (line + 1 < source.lineStarts.count && Int(source.lineStarts[line + 1]) <= target) {
      line = source.lineIndex(at: target)
      offset = Int(source.lineStarts[line])
      character = 0
    }
    if encoding == .utf8 {
      character += target - offset
    } else {
      source.utf8.withUnsafeBufferPointer { bytes in
        for i in offset..<target where bytes[i] & 0xC0 != 0x80 { character += bytes[i] >= 0xF0 ? 2 : 1 }
      }
    }
    offset = target
    return (line, character)
  }

  /// The byte at a line and character; characters beyond the end of a line are its end, lines beyond the last are the
  /// end of the text. A character within a surrogate pair is the pair's start.
  package func offset(line: Int, character: Int) -> Int {
    guard line >= 0 else { return 0 }
    guard line < source.lineCount else { return source.utf8.count }
    let range = source.lineRange(line)
    if encoding == .utf8 {
      var offset = range.lowerBound + min(max(0, character), range.count)
      while offset > range.lowerBound, offset < range.upperBound, source.utf8[offset] & 0xC0 == 0x80 {
        offset -= 1
      }
      return offset
    }
    var units = 0
    var offset = range.lowerBound
    while offset < range.upperBound {
      let byte = source.utf8[offset]
      let width = byte >= 0xF0 ? 2 : 1
      if units + width > character { return offset }
      units += width
      offset += byte < 0x80 ? 1 : byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2
    }
    return range.upperBound
  }

  /// A `Position`.
  package mutating func json(at offset: Int) -> JSON {
    let (line, character) = position(at: offset)
    return ["line": JSON(line), "character": JSON(character)]
  }

  /// A `Range`.
  package mutating func json(_ range: Range<Int>) -> JSON {
    ["start": json(at: range.lowerBound), "end": json(at: range.upperBound)]
  }

  /// The byte of a `Position`; nil when it is none.
  package func offset(_ json: JSON?) -> Int? {
    guard let line = json?["line"]?.int, let character = json?["character"]?.int else { return nil }
    return offset(line: line, character: character)
  }

  /// The bytes of a `Range`; nil when it is none. One whose ends are swapped is put in order.
  package func range(_ json: JSON?) -> Range<Int>? {
    guard let start = offset(json?["start"]), let end = offset(json?["end"]) else { return nil }
    return min(start, end)..<max(start, end)
  }
}
