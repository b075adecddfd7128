/// Why a text is not a graph.
package struct GraphTextError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Both from 1; the column counts bytes.
  package let line: Int
  package let column: Int
  package let reason: String

  package var description: String { "\(line):\(column): \(reason)" }
}

/// Splits the text form of a graph into tokens.
struct GraphTextLexer {
  enum Token: Hashable {
    /// A keyword, mnemonic or attribute name.
    case word(String)
    case integer(Int)
    case real(Double)
    case extent(Extent)
    case string(String)
    /// `%12` and `@3`.
    case node(Int)
    case scope(Int)
    /// One of `( ) [ ] { } : , =`.
    case mark(UInt8)
    case end
  }

  /// Where a token starts.
  struct Position {
    var line: Int
    var column: Int

    func error(_ reason: String) -> GraphTextError {
      GraphTextError(line: line, column: column, reason: reason)
    }
  }

  private let bytes: [UInt8]
  private var index = 0
  private var line = 1
  private var lineStart = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  private var position: Position { Position(line: line, column: index - lineStart + 1) }

  /// The next token and where it starts; `.end` again and again once the text is used up.
  mutating func next() throws(GraphTextError) -> (Token, Position) {
    skipBlanks()
    let start = position
    guard index < bytes.count else { return (.end, start) }
    let byte = bytes[index]
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"):
      return (.word(take(while: Self.isWordByte)), start)
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
      return (try number(start), start)
    case UInt8(ascii: "\""):
      return (.string(try string(start)), start)
    case UInt8(ascii: "%"), UInt8(ascii: "@"):
      index += 1
      guard let id = Int(take(while: Self.isDigit)) else {
        throw start.error("a number must follow `\(byte == UInt8(ascii: "%") ? "%" : "@")`")
      }
      return (byte == UInt8(ascii: "%") ? .node(id) : .scope(id), start)
    case _ where Array("()[]{}:,=".utf8).contains(byte):
      index += 1
      return (.mark(byte), start)
    default:
      throw start.error("a character that the text form of a graph does not use")
    }
  }

  private mutating func skipBlanks() {
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "\n"):
        index += 1
        line += 1
        lineStart = index
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
        index += 1
      default: return
      }
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
  private static func isWordByte(_ byte: UInt8) -> Bool {
    isDigit(byte) || byte == 0x5F || byte >= 0x61 && byte <= 0x7A
  }

  private mutating func take(while accepts: (UInt8) -> Bool) -> String {
    let start = index
    while index < bytes.count, accepts(bytes[index]) { index += 1 }
    return String(decoding: bytes[start..<index], as: UTF8.self)
  }

  /// An integer, a real number, or a pair of sizes joined by `x`.
  private mutating func number(_ start: Position) throws(GraphTextError) -> Token {
    let spelling = take { Self.isWordByte($0) || $0 == 0x2D || $0 == 0x2E || $0 == 0x2B }
    let parts = spelling.split(separator: "x", omittingEmptySubsequences: false)
    if parts.count == 2, let height = Int(parts[0]), let width = Int(parts[1]) {
      return .extent(Extent(height, width))
    }
    if let integer = Int(spelling) { return .integer(integer) }
    // `Double` also reads hexadecimal numbers, infinities and NaN, which the text form does not have.
    if spelling.utf8.contains(where: { ".e".utf8.contains($0) }),
      spelling.utf8.allSatisfy({ Self.isDigit($0) || "+-.e".utf8.contains($0) }),
      let real = Double(spelling),
      real.isFinite
    {
      return .real(real)
    }
    throw start.error("`\(spelling)` is not a number in range")
  }

  private mutating func string(_ start: Position) throws(GraphTextError) -> String {
    index += 1
    var content: [UInt8] = []
    while index < bytes.count, bytes[index] != UInt8(ascii: "\n") {
      let byte = bytes[index]
      index += 1
      if byte == UInt8(ascii: "\"") { return String(decoding: content, as: UTF8.self) }
      guard byte == UInt8(ascii: "\\") else {
        content.append(byte)
        continue
      }
      guard index < bytes.count else { break }
      let escape = bytes[index]
      index += 1
      switch escape {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): content.append(escape)
      case UInt8(ascii: "n"): content.append(UInt8(ascii: "\n"))
      case UInt8(ascii: "u"): content += try scalar()
      default: throw position.error("unknown escape in a string")
      }
    }
    throw start.error("the string does not end on its line")
  }

  /// The rest of `\u{1f}` as UTF-8.
  private mutating func scalar() throws(GraphTextError) -> [UInt8] {
    let start = position
    guard index < bytes.count, bytes[index] == UInt8(ascii: "{") else {
      throw start.error("`{` must follow `\\u`")
    }
    index += 1
    let digits = take { $0 != UInt8(ascii: "}") && $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\"") }
    guard index < bytes.count, bytes[index] == UInt8(ascii: "}"),
      let value = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(value)
    else { throw start.error("not a Unicode scalar") }
    index += 1
    return Array(String(Character(scalar)).utf8)
  }
}
