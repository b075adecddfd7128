/// Which words a raised program may give as names.
enum ProgramWords {
  /// Whether a word means something already: a keyword, a layer, a function, a cell of the standard library.
  static func isReserved(_ word: String) -> Bool {
    keywords.contains(word)
      || Primitive.indices[word] != nil
      || NumericFunction(rawValue: word) != nil || Metric(rawValue: word) != nil || others.contains(word)
      || StandardCells.names.contains(word)
  }

  private static let keywords = Set(TokenKind.keywords.compactMap(\.spelling))

  /// Words of the language that are no keywords.
  private static let others: Set<String> = [
    "choose", "pick", "some", "maybe", "same", "valid", "normal", "trunc_normal", "h", "w", "_", "std",
    "aux", "latency", "memory", "Int", "Float", "Bool", "Kernel", "Layer", "Shape", "Padding",
  ]

  /// Whether a word is made of letters, digits and underscores as a name has to be.
  static func isName(_ word: String) -> Bool {
    guard let first = word.utf8.first, !(first >= 0x30 && first <= 0x39) else { return false }
    return word.utf8.allSatisfy { byte in
      (byte >= 0x30 && byte <= 0x39) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || byte == 0x5F
    }
  }
}
