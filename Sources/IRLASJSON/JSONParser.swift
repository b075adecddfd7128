extension JSON {
  /// What is wrong with a JSON text, and at which byte of it.
  package struct SyntaxError: Error, Equatable, Sendable {
    /// Byte offset into the text.
    package var offset: Int
    /// What is wrong, as a sentence without a full stop.
    package var problem: String

    /// An error at a byte.
    package init(offset: Int, problem: String) {
      self.offset = offset
      self.problem = problem
    }
  }

  /// Reads one JSON value; nothing but white space may follow it.
  ///
  /// Strict: duplicate keys, invalid UTF-8, lone surrogates and nesting deeper than `depthLimit` are errors, so that
  /// untrusted text cannot mean two things or exhaust the stack.
  package static func parse(
    _ bytes: ArraySlice<UInt8>, depthLimit: Int = 32
  ) throws(SyntaxError) -> JSON {
    var parser = JSONParser(bytes: bytes)
    let value = try parser.value(depth: depthLimit)
    parser.skipSpace()
    guard parser.isAtEnd else { throw parser.error("something follows the value") }
    return value
  }
}

/// A recursive-descent reader of JSON over bytes.
private struct JSONParser {
  let bytes: ArraySlice<UInt8>
  var at: Int

  init(bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    self.at = bytes.startIndex
  }

  var isAtEnd: Bool { at == bytes.endIndex }

  func error(_ problem: String) -> JSON.SyntaxError {
    JSON.SyntaxError(offset: at - bytes.startIndex, problem: problem)
  }

  private var current: UInt8? { at < bytes.endIndex ? bytes[at] : nil }

  mutating func skipSpace() {
    while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { at += 1 }
  }

  private mutating func eat(_ character: Character) -> Bool {
    guard current == character.asciiValue else { return false }
    at += 1
    return true
  }

  mutating func value(depth: Int) throws(JSON.SyntaxError) -> JSON {
    skipSpace()
    guard let first = current else { throw error("the text ends where a value is needed") }
    switch first {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default:
      for (word, value) in [("true", JSON.bool(true)), ("false", .bool(false)), ("null", .null)]
      where bytes[at...].starts(with: word.utf8) {
        at += word.utf8.count
        return value
      }
      throw error("not the start of a value")
    }
  }

  private mutating func object(depth: Int) throws(JSON.SyntaxError) -> JSON {
    guard depth > 0 else { throw error("nested too deeply") }
    at += 1
    var members: [JSON.Member] = []
    var seen: Set<String> = []
    skipSpace()
    if eat("}") { return .object([]) }
    repeat {
      skipSpace()
      guard current == UInt8(ascii: "\"") else { throw error("a key in quotes is needed") }
      let start = at
      let key = try string()
      guard seen.insert(key).inserted else {
        at = start
        throw error("the key \"\(key)\" occurs twice")
      }
      skipSpace()
      guard eat(":") else { throw error("`:` is needed after a key") }
      members.append(JSON.Member(key, try value(depth: depth - 1)))
      skipSpace()
    } while eat(",")
    guard eat("}") else { throw error("`,` or `}` is needed") }
    return .object(members)
  }

  private mutating func array(depth: Int) throws(JSON.SyntaxError) -> JSON {
    guard depth > 0 else { throw error("nested too deeply") }
    at += 1
    var values: [JSON] = []
    skipSpace()
    if eat("]") { return .array([]) }
    repeat {
      values.append(try value(depth: depth - 1))
      skipSpace()
    } while eat(",")
    guard eat("]") else { throw error("`,` or `]` is needed") }
    return .array(values)
  }

  private mutating func digits() throws(JSON.SyntaxError) {
    guard let first = current, isDigit(first) else { throw error("a digit is needed") }
    while let byte = current, isDigit(byte) { at += 1 }
  }

  private func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  private mutating func number() throws(JSON.SyntaxError) -> JSON {
    let start = at
    var isInteger = true
    _ = eat("-")
    if eat("0") {
      if let byte = current, isDigit(byte) { throw error("a number cannot start with 0") }
    } else {
      try digits()
    }
    if eat(".") {
      isInteger = false
      try digits()
    }
    if eat("e") || eat("E") {
      isInteger = false
      if !eat("+") { _ = eat("-") }
      try digits()
    }
    let text = String(decoding: bytes[start..<at], as: UTF8.self)
    if isInteger, let value = Int64(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else {
      at = start
      throw error("the number is too large")
    }
    return .number(value)
  }

  private mutating func string() throws(JSON.SyntaxError) -> String {
    let start = at
    at += 1
    var content: [UInt8] = []
    while let byte = current {
      if byte == UInt8(ascii: "\"") {
        at += 1
        guard let text = String(validating: content, as: UTF8.self) else {
          at = start
          throw error("the string is not valid UTF-8")
        }
        return text
      }
      guard byte >= 0x20 else { throw error("a control character inside a string") }
      at += 1
      if byte == UInt8(ascii: "\\") {
        content.append(contentsOf: String(try escape()).utf8)
      } else {
        content.append(byte)
      }
    }
    at = start
    throw error("the string has no end")
  }

  private mutating func escape() throws(JSON.SyntaxError) -> Unicode.Scalar {
    guard let byte = current else { throw error("the text ends inside an escape") }
    at += 1
    switch byte {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let high = try hexWord()
      if let scalar = Unicode.Scalar(high) { return scalar }
      // A surrogate: only a high one followed by a low one makes a character.
      guard high < 0xDC00, eat("\\"), eat("u") else { throw error("half of a surrogate pair") }
      let low = try hexWord()
      guard (0xDC00...0xDFFF).contains(low),
        let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
      else { throw error("half of a surrogate pair") }
      return scalar
    default:
      at -= 1
      throw error("an unknown escape")
    }
  }

  private mutating func hexWord() throws(JSON.SyntaxError) -> UInt32 {
    var word: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw error("four hexadecimal digits are needed")
      }
      word = word << 4 | UInt32(digit)
      at += 1
    }
    return word
  }
}
