import IRLASGraph

/// Reads the file form of a mirror, line by line.
struct MirrorTextReader {
  /// A word of a line with its place.
  private struct Word {
    let text: String
    let column: Int
    var isQuoted = false
  }

  private let bytes: [UInt8]
  private var position = 0
  private var line = 0
  /// The words of the line that is being read, and how many of them were taken.
  private var words: [Word] = []
  private var taken = 0

  /// Larger numbers than this have no place in a mirror, and could overflow in sums.
  private static let largestNumber = 1e12

  init(_ text: String) { bytes = Array(text.utf8) }

  // MARK: Lines and words

  private func issue(_ problem: String, at column: Int? = nil) -> MirrorTextIssue {
    MirrorTextIssue(line: max(1, line), column: column ?? endColumn, problem: problem)
  }

  /// Behind the last word that was taken.
  private var endColumn: Int {
    guard taken > 0, taken <= words.count else { return 1 }
    return words[taken - 1].column + words[taken - 1].text.utf8.count
  }

  /// Goes to the next line that has words.
  private mutating func nextLine() throws(MirrorTextIssue) {
    repeat {
      guard position < bytes.count else {
        (words, taken) = ([], 0)
        line += 1
        throw issue("the file ends too early: its last line is `end`", at: 1)
      }
      line += 1
      try readWords()
    } while words.isEmpty
  }

  /// The words up to the end of the line.
  private mutating func readWords() throws(MirrorTextIssue) {
    (words, taken) = ([], 0)
    let start = position
    while position < bytes.count, bytes[position] != UInt8(ascii: "\n") {
      switch bytes[position] {
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): position += 1
      case UInt8(ascii: "#"):
        while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
      case UInt8(ascii: "\""): try readQuotes(from: start)
      default:
        let begin = position
        while position < bytes.count, !" \t\r\n\"#".utf8.contains(bytes[position]) { position += 1 }
        words.append(
          Word(text: String(decoding: bytes[begin..<position], as: UTF8.self), column: begin - start + 1))
      }
    }
    if position < bytes.count { position += 1 }
  }

  private mutating func readQuotes(from start: Int) throws(MirrorTextIssue) {
    let column = position - start + 1
    position += 1
    var content: [UInt8] = []
    while position < bytes.count, bytes[position] != UInt8(ascii: "\n") {
      let byte = bytes[position]
      position += 1
      if byte == UInt8(ascii: "\"") {
        words.append(Word(text: String(decoding: content, as: UTF8.self), column: column, isQuoted: true))
        return
      }
      guard byte == UInt8(ascii: "\\") else {
        content.append(byte)
        continue
      }
      guard position < bytes.count, "\"\\n".utf8.contains(bytes[position]) else {
        throw issue("after a backslash comes \", \\ or n", at: position - start + 1)
      }
      content.append(bytes[position] == UInt8(ascii: "n") ? UInt8(ascii: "\n") : bytes[position])
      position += 1
    }
    throw issue("the name is not closed: \" is missing", at: column)
  }

  private mutating func word(_ what: String) throws(MirrorTextIssue) -> Word {
    guard taken < words.count else { throw issue("\(what) is missing") }
    taken += 1
    return words[taken - 1]
  }

  private mutating func keyword(_ name: String) throws(MirrorTextIssue) {
    let word = try word("`\(name)`")
    guard word.text == name, !word.isQuoted else {
      throw issue("`\(name)` is expected here, not `\(word.text.prefix(40))`", at: word.column)
    }
  }

  private mutating func integer(_ what: String, from least: Int) throws(MirrorTextIssue) -> Int {
    let word = try word(what)
    guard let value = Int(word.text), value >= least else {
      throw issue("\(what) is a whole number from \(least)", at: word.column)
    }
    return value
  }

  private mutating func number(_ what: String, above least: Double? = nil) throws(MirrorTextIssue) -> Double {
    let word = try word(what)
    guard let value = Double(word.text), abs(value) <= Self.largestNumber else {
      throw issue("\(what) is a number", at: word.column)
    }
    if let least, value <= least { throw issue("\(what) is a number above \(least)", at: word.column) }
    return value
  }

  private func endLine() throws(MirrorTextIssue) {
    if taken < words.count {
      throw issue("nothing more belongs on this line", at: words[taken].column)
    }
  }

  /// A line of one keyword and one value.
  private mutating func field<Value>(
    _ name: String, _ read: (inout MirrorTextReader) throws(MirrorTextIssue) -> Value
  ) throws(MirrorTextIssue) -> Value {
    try nextLine()
    try keyword(name)
    let value = try read(&self)
    try endLine()
    return value
  }

  // MARK: The file

  private struct ExpertHead {
    var name: String
    var topology: GraphHash
    var regularization: Double
    var negatives: Int
    var stability: Double
  }

  mutating func mirror() throws(MirrorTextIssue) -> Mirror {
    try nextLine()
    try keyword("irlas")
    try keyword("mirror")
    let version = try integer("the version of the file", from: 1)
    guard version == Mirror.textVersion else {
      throw issue("this is version \(version) of the form; version \(Mirror.textVersion) is read here")
    }
    try endLine()
    let method = try field("method") { reader throws(MirrorTextIssue) in try reader.method() }
    let featureVersion = try field("features") { reader throws(MirrorTextIssue) in
      try reader.integer("the version of the features", from: 1)
    }
    let space = try field("space") { reader throws(MirrorTextIssue) in try reader.word("the space").text }
    let seed = try field("seed") { reader throws(MirrorTextIssue) in try reader.seed() }
    try nextLine()
    var heads: [ExpertHead] = []
    while words[0].text == "expert" || heads.isEmpty {
      heads.append(try expertHead())
      try nextLine()
    }
    var table = FeatureTable(experts: heads.count)
    while words[0].text == "feature" || table.names.isEmpty {
      try readFeature(&table)
      try nextLine()
    }
    var experts: [Mirror.Expert] = []
    for (index, head) in heads.enumerated() {
      let scores = try poolScores(of: head.name)
      let expert = Mirror.Expert(
        name: head.name, topology: head.topology, features: table.values[index],
        weights: table.weights[index], spread: table.spreads[index], stability: head.stability,
        regularization: head.regularization, negatives: head.negatives, poolScores: scores)
      experts.append(expert)
    }
    try keyword("end")
    try endLine()
    return Mirror(
      method: method, featureVersion: featureVersion, features: table.names, space: space, seed: seed,
      scale: Standardization(mean: table.mean, deviation: table.deviation), experts: experts)
  }

  private mutating func method() throws(MirrorTextIssue) -> Mirror.Method {
    let word = try word("the method")
    guard let method = Mirror.Method(rawValue: word.text) else {
      let names = Mirror.Method.allCases.map(\.rawValue).joined(separator: ", ")
      throw issue("there is no method `\(word.text.prefix(40))`; methods are \(names)", at: word.column)
    }
    return method
  }

  private mutating func seed() throws(MirrorTextIssue) -> UInt64 {
    let word = try word("the seed")
    guard let seed = UInt64(word.text) else {
      throw issue("the seed is a whole number from 0", at: word.column)
    }
    return seed
  }

  /// The lines of one expert; the first is already there.
  private mutating func expertHead() throws(MirrorTextIssue) -> ExpertHead {
    try keyword("expert")
    let name = try word("the name of the expert").text
    try endLine()
    let topology = try field("topology") { reader throws(MirrorTextIssue) in try reader.hash() }
    let regularization = try field("regularization") { reader throws(MirrorTextIssue) in
      try reader.number("the penalty")
    }
    let negatives = try field("negatives") { reader throws(MirrorTextIssue) in
      try reader.integer("the number of negatives", from: 0)
    }
    let stability = try field("stability") { reader throws(MirrorTextIssue) in
      try reader.number("the stability")
    }
    return ExpertHead(
      name: name, topology: topology, regularization: regularization, negatives: negatives,
      stability: stability)
  }

  private mutating func hash() throws(MirrorTextIssue) -> GraphHash {
    let word = try word("the topology hash")
    guard let hash = GraphHash(parsing: word.text) else {
      throw issue("a hash has 16 hexadecimal digits", at: word.column)
    }
    return hash
  }

  private struct FeatureTable {
    var names: [String] = []
    var known: Set<String> = []
    var mean: [Double] = []
    var deviation: [Double] = []
    var weights: [[Double]]
    var spreads: [[Double]]
    var values: [[Double]]

    init(experts: Int) {
      weights = [[Double]](repeating: [], count: experts)
      spreads = weights
      values = weights
    }
  }

  /// The line of a feature, which is already there.
  private mutating func readFeature(_ table: inout FeatureTable) throws(MirrorTextIssue) {
    try keyword("feature")
    let name = try word("the name of the feature")
    guard table.known.insert(name.text).inserted else {
      throw issue("the feature `\(name.text.prefix(40))` comes twice", at: name.column)
    }
    table.names.append(name.text)
    table.mean.append(try number("the pool's mean"))
    table.deviation.append(try number("the pool's deviation", above: 0))
    for expert in table.weights.indices {
      table.weights[expert].append(try number("the weight"))
      table.spreads[expert].append(try number("the weight's spread"))
      table.values[expert].append(try number("the expert's value"))
    }
    try endLine()
  }

  /// The scores of the pool; its head is already there, and the line behind the scores afterwards.
  private mutating func poolScores(of expert: String) throws(MirrorTextIssue) -> [Double] {
    try keyword("pool")
    let name = try word("the name of the expert")
    guard name.text == expert else {
      throw issue("the pool of `\(expert.prefix(40))` is expected here", at: name.column)
    }
    let count = try integer("the size of the pool", from: 1)
    try endLine()
    try nextLine()
    var scores: [Double] = []
    while scores.isEmpty || words[0].text == "score" {
      try keyword("score")
      repeat {
        let score = try number("a score")
        if let last = scores.last, last > score { throw issue("scores ascend", at: words[taken - 1].column) }
        scores.append(score)
      } while taken < words.count
      try nextLine()
    }
    guard scores.count == count else {
      throw issue("the pool has \(count) blocks, but there are \(scores.count) scores", at: 1)
    }
    return scores
  }
}
