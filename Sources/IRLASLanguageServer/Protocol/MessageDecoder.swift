package import IRLASJSON

/// What came in: a JSON value, or bytes that are no message.
package enum Incoming: Sendable {
  /// The content of one message.
  case message(JSON)
  /// Bytes that could not be read; the text says why.
  case malformed(String)
}

/// Cuts a stream of bytes into messages: a header that ends with an empty line, then as many bytes as its
/// `Content-Length` says (LSP 3.17, base protocol).
///
/// Damage costs the message that it is in: bytes are skipped up to the next `Content-Length`.
package struct MessageDecoder: Sendable {
  /// The largest content that is read, in bytes: a file of the largest size with all its bytes escaped.
  package static let contentLimit = 512 << 20
  private static let headerLimit = 8 << 10
  private static let key = Array("content-length".utf8)

  private var buffer: [UInt8] = []
  private var start = 0
  /// The bytes of a message that is too large, still to be skipped.
  private var toSkip = 0

  /// A decoder at the start of a stream.
  package init() {}

  /// Takes more bytes and returns the messages that they complete.
  package mutating func receive(_ bytes: some Sequence<UInt8>) -> [Incoming] {
    buffer.append(contentsOf: bytes)
    var messages: [Incoming] = []
    while let next = next() { messages.append(next) }
    if start > 0 {
      buffer.removeFirst(start)
      start = 0
    }
    return messages
  }

  private mutating func next() -> Incoming? {
    if toSkip > 0 {
      let count = min(toSkip, buffer.count - start)
      toSkip -= count
      start += count
      if toSkip > 0 { return nil }
    }
    guard start < buffer.count else { return nil }
    guard let header = headerEnd() else {
      guard buffer.count - start > Self.headerLimit else { return nil }
      resynchronize(from: start + 1)
      return .malformed("a header without an end")
    }
    guard let length = contentLength(start..<header.lines) else {
      resynchronize(from: header.content, limit: header.content)
      return .malformed("a header without a Content-Length")
    }
    guard length <= Self.contentLimit else {
      start = header.content
      toSkip = length
      return .malformed("a message of \(length) bytes; the limit is \(Self.contentLimit)")
    }
    guard buffer.count - header.content >= length else { return nil }
    let content = buffer[header.content..<header.content + length]
    start = header.content + length
    do throws(JSON.SyntaxError) {
      return .message(try JSON.parse(content, depthLimit: 64))
    } catch {
      return .malformed("not JSON at byte \(error.offset): \(error.problem)")
    }
  }

  /// The end of the header's lines, and the start of the content.
  private func headerEnd() -> (lines: Int, content: Int)? {
    var i = start
    let end = min(buffer.count, start + Self.headerLimit)
    while i < end {
      if buffer[i] == 0x0A {
        if i + 1 < buffer.count, buffer[i + 1] == 0x0A { return (i + 1, i + 2) }
        if i + 2 < buffer.count, buffer[i + 1] == 0x0D, buffer[i + 2] == 0x0A { return (i + 1, i + 3) }
      }
      i += 1
    }
    return nil
  }

  private func contentLength(_ range: Range<Int>) -> Int? {
    for line in buffer[range].split(separator: 0x0A) {
      guard let colon = line.firstIndex(of: 0x3A) else { continue }
      let name = line[..<colon].map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }
      guard name == Self.key else { continue }
      let digits = line[(colon + 1)...].filter { $0 != 0x20 && $0 != 0x0D && $0 != 0x09 }
      guard !digits.isEmpty, digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
      return Int(String(decoding: digits, as: UTF8.self))
    }
    return nil
  }

  /// Drops bytes up to the next header, or all but the last few, which may be the start of one; at least up to `limit`.
  private mutating func resynchronize(from: Int, limit: Int? = nil) {
    var i = from
    while i + Self.key.count <= buffer.count {
      if buffer[i] | 0x20 == Self.key[0],
        buffer[i..<i + Self.key.count].lazy.map({ $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }).elementsEqual(
          Self.key)
      {
        start = i
        return
      }
      i += 1
    }
    start = max(min(i, buffer.count), limit ?? 0)
  }
}

/// The bytes of one outgoing message with its header.
package func encoded(_ message: JSON) -> [UInt8] {
  let content = Array(message.line.utf8)
  return Array("Content-Length: \(content.count)\r\n\r\n".utf8) + content
}
