/// A piece of what lies between two tokens.
package struct Trivia: Hashable, Sendable {
  /// The kinds of trivia.
  package enum Kind: Hashable, Sendable {
    /// Blanks, tabs and line ends.
    case blank
    /// `// ...` to the end of the line.
    case comment
    /// `/// ...`: documents what follows.
    case documentation
    /// `//! ...`: documents the file.
    case fileDocumentation
    /// A byte order mark at the start of the file.
    case byteOrderMark
  }

  /// What it is.
  package let kind: Kind
  /// Its bytes; a comment does not hold the line end.
  package let range: Range<Int>
}

/// The pieces of the trivia in `bytes`, whose indices are offsets in the file.
package func triviaPieces(in bytes: ArraySlice<UInt8>) -> [Trivia] {
  var pieces: [Trivia] = []
  var i = bytes.startIndex
  while i < bytes.endIndex {
    let start = i
    if bytes[i] == 0x2F {
      while i < bytes.endIndex, bytes[i] != 0x0A { i += 1 }
      if i > start, bytes[i - 1] == 0x0D, i < bytes.endIndex { i -= 1 }
      pieces.append(Trivia(kind: commentKind(of: bytes[start..<i]), range: start..<i))
    } else if bytes[i] == 0xEF {
      i = min(i + 3, bytes.endIndex)
      pieces.append(Trivia(kind: .byteOrderMark, range: start..<i))
    } else {
      while i < bytes.endIndex, bytes[i] != 0x2F, bytes[i] != 0xEF { i += 1 }
      pieces.append(Trivia(kind: .blank, range: start..<i))
    }
  }
  return pieces
}

/// `////` starts a plain comment: a ruler drawn in slashes documents nothing.
private func commentKind(of bytes: ArraySlice<UInt8>) -> Trivia.Kind {
  let third = bytes.count > 2 ? bytes[bytes.startIndex + 2] : 0
  if third == 0x21 { return .fileDocumentation }
  guard third == 0x2F else { return .comment }
  return bytes.count > 3 && bytes[bytes.startIndex + 3] == 0x2F ? .comment : .documentation
}

/// The documentation comment that ends the trivia in `bytes`: the last run of `///` lines with nothing but line ends
/// between them and after them, without slashes and without one blank after them. A comment on the line of the token
/// before it documents nothing.
func documentationComment(in bytes: ArraySlice<UInt8>) -> String? {
  var lines: [Substring] = []
  for piece in triviaPieces(in: bytes).reversed() {
    switch piece.kind {
    case .blank:
      // An empty line separates the comment from what it would document.
      if bytes[piece.range].lazy.filter({ $0 == 0x0A }).count > 1 {
        return lines.isEmpty ? nil : joined(lines)
      }
    case .documentation:
      if bytes.startIndex > 0, !bytes[..<piece.range.lowerBound].contains(0x0A) {
        return lines.isEmpty ? nil : joined(lines)
      }
      lines.append(commentText(bytes[piece.range]))
    case .comment, .fileDocumentation, .byteOrderMark:
      return lines.isEmpty ? nil : joined(lines)
    }
  }
  return lines.isEmpty ? nil : joined(lines)
}

/// The text of a comment line after its three leading characters and one blank.
func commentText(_ bytes: ArraySlice<UInt8>) -> Substring {
  let text = Substring(String(decoding: bytes.dropFirst(3), as: UTF8.self))
  return text.first == " " ? text.dropFirst() : text
}

private func joined(_ reversedLines: [Substring]) -> String {
  reversedLines.reversed().joined(separator: "\n")
}
