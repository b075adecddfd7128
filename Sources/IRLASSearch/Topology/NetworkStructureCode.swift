/// A block as the rows of the network structure code (Zhong et al., "Practical Block-wise Neural Network
/// Architecture Generation", CVPR 2018), the form in which the IRLAS paper states its searched block:
/// one row `(index, type, kernel, pred1, pred2)` per layer, predecessors before their readers, 0 = the block's
/// input. Layers that no other layer reads are concatenated at the end.
package struct NetworkStructureCode: Hashable, Sendable {
  /// What a row computes. Raw values are those of the paper's table.
  package enum Kind: Int, Hashable, Sendable, CaseIterable {
    case convolution = 1
    case maxPool = 2
    case averagePool = 3
    case identity = 4
    case add = 5
    case concat = 6
    case terminal = 7

    /// The window sizes the row may have; `[0]` for kinds without a window.
    package var kernels: [Int] {
      switch self {
      case .convolution: [1, 3, 5]
      case .maxPool, .averagePool: [1, 3]
      case .identity, .add, .concat, .terminal: [0]
      }
    }

    /// How many predecessors the row names.
    package var arity: Int {
      switch self {
      case .convolution, .maxPool, .averagePool, .identity: 1
      case .add, .concat: 2
      case .terminal: 0
      }
    }
  }

  /// How a convolution's channels are connected. The paper's rows are all dense; the others, our extension, stand as a
  /// sixth entry of the row.
  package enum Connection: Hashable, Sendable {
    /// As the whole block is built: no entry.
    case standard
    /// In so many groups, 2 or more: `(2,1,3,1,0,8)`.
    case groups(Int)
    /// Every channel by itself: `(2,1,3,1,0,dw)`.
    case depthwise
    /// Every channel by itself, and a 1x1 convolution: `(2,1,3,1,0,sep)`.
    case separable
  }

  /// One layer.
  package struct Row: Hashable, Sendable {
    package var kind: Kind
    /// The size of the square window, 0 for kinds without one.
    package var kernel: Int
    /// The rows read, counted from 1; 0 is the block's input.
    package var predecessors: [Int]
    /// `standard` for all that is no convolution.
    package var connection = Connection.standard

    package init(_ kind: Kind, kernel: Int = 0, _ predecessors: Int...) {
      self.kind = kind
      self.kernel = kernel
      self.predecessors = predecessors
    }
  }

  /// Why rows are not a block.
  package enum Issue: Error, Hashable, Sendable {
    /// The text is not rows of five whole numbers in parentheses; `offset` counts bytes.
    case syntax(offset: Int, expected: String)
    /// Row `row` (from 1) carries another index.
    case index(row: Int, found: Int)
    case unknownKind(row: Int, code: Int)
    case kernel(row: Int, kind: Kind, found: Int)
    /// A predecessor is not an earlier row, or a place that must be 0 is not.
    case predecessor(row: Int, found: Int)
    /// A sum or concat of a row with itself.
    case equalPredecessors(row: Int)
    /// The last row, and no other, must be the terminal.
    case terminal(row: Int)
    /// A sixth entry on a row that is no convolution, or fewer than two groups.
    case connection(row: Int)
  }

  /// The layers, without the terminal.
  package let rows: [Row]

  /// A block of the given layers, checked.
  package init(_ rows: [Row]) throws(Issue) {
    for (position, row) in rows.enumerated() {
      let index = position + 1
      guard row.kind != .terminal else { throw .terminal(row: index) }
      guard row.kind.kernels.contains(row.kernel) else {
        throw .kernel(row: index, kind: row.kind, found: row.kernel)
      }
      guard row.predecessors.count == row.kind.arity else {
        throw .predecessor(row: index, found: row.predecessors.last ?? 0)
      }
      for predecessor in row.predecessors where predecessor < 0 || predecessor >= index {
        throw .predecessor(row: index, found: predecessor)
      }
      if row.kind.arity == 2, row.predecessors[0] == row.predecessors[1] {
        throw .equalPredecessors(row: index)
      }
      if row.connection != .standard, row.kind != .convolution { throw .connection(row: index) }
      if case .groups(let count) = row.connection, count < 2 { throw .connection(row: index) }
    }
    self.rows = rows
  }

  /// The rows (from 1) that no other row reads, in order: the block concatenates them.
  package var leaves: [Int] {
    var isRead = [Bool](repeating: false, count: rows.count + 1)
    for row in rows { for predecessor in row.predecessors { isRead[predecessor] = true } }
    return rows.indices.map { $0 + 1 }.filter { !isRead[$0] }
  }
}

extension NetworkStructureCode: CustomStringConvertible {
  /// All rows with the terminal: `(1,1,3,0,0) (2,7,0,0,0)`.
  package var description: String {
    var lines = rows.enumerated().map { position, row in
      let second = row.predecessors.count > 1 ? row.predecessors[1] : 0
      let numbers = [position + 1, row.kind.rawValue, row.kernel, row.predecessors[0], second]
      return numbers.map(String.init).joined(separator: ",") + row.connection.entry
    }
    lines.append("\(rows.count + 1),\(Kind.terminal.rawValue),0,0,0")
    return lines.map { "(\($0))" }.joined(separator: " ")
  }

  /// Reads rows such as `description` writes; white space is free between tokens. The terminal must come last.
  package init(parsing text: String) throws(Issue) {
    var reader = RowReader(text)
    var rows: [Row] = []
    while true {
      let (numbers, connection) = try reader.row()
      let index = rows.count + 1
      guard numbers[0] == index else { throw .index(row: index, found: numbers[0]) }
      guard let kind = Kind(rawValue: numbers[1]) else { throw .unknownKind(row: index, code: numbers[1]) }
      let named = [numbers[3], numbers[4]]
      for unused in named.dropFirst(kind.arity) where unused != 0 {
        throw .predecessor(row: index, found: unused)
      }
      if kind == .terminal {
        guard numbers[2] == 0 else { throw .kernel(row: index, kind: kind, found: numbers[2]) }
        guard connection == .standard else { throw .connection(row: index) }
        try reader.end()
        break
      }
      var row = Row(kind, kernel: numbers[2])
      row.predecessors = Array(named.prefix(kind.arity))
      row.connection = connection
      rows.append(row)
    }
    try self.init(rows)
  }
}

extension NetworkStructureCode.Issue: CustomStringConvertible {
  package var description: String {
    switch self {
    case .syntax(let offset, let expected):
      "at byte \(offset): a row is (index, type, kernel, pred1, pred2); \(expected) is missing"
    case .index(let row, let found): "row \(row) carries the index \(found)"
    case .unknownKind(let row, let code): "row \(row): there is no layer type \(code); types are 1 to 7"
    case .kernel(let row, let kind, let found):
      "row \(row): a kernel of \(found) is not one of \(kind.kernels) that \(kind) can have"
    case .predecessor(let row, let found):
      "row \(row): the predecessor \(found) is not an earlier row that this type can read"
    case .equalPredecessors(let row): "row \(row) reads the same row twice"
    case .terminal(let row): "row \(row): the terminal, and nothing else, comes last"
    case .connection(let row):
      "row \(row): a sixth entry is `sep`, `dw` or a number of groups from 2 on, and only convolutions have one"
    }
  }
}

extension NetworkStructureCode.Connection {
  /// How it stands behind the five numbers of a row.
  fileprivate var entry: String {
    switch self {
    case .standard: ""
    case .groups(let count): ",\(count)"
    case .depthwise: ",dw"
    case .separable: ",sep"
    }
  }
}

/// Reads rows of numbers from text.
private struct RowReader {
  private let bytes: [UInt8]
  private var position = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
  }

  private mutating func expect(_ character: Character) throws(NetworkStructureCode.Issue) {
    skipSpace()
    guard position < bytes.count, bytes[position] == character.asciiValue else {
      throw .syntax(offset: position, expected: "`\(character)`")
    }
    position += 1
  }

  private mutating func number() throws(NetworkStructureCode.Issue) -> Int {
    skipSpace()
    let start = position
    while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
    guard let value = Int(String(decoding: bytes[start..<position], as: UTF8.self)) else {
      throw .syntax(offset: start, expected: "a whole number")
    }
    return value
  }

  mutating func row() throws(NetworkStructureCode.Issue) -> ([Int], NetworkStructureCode.Connection) {
    try expect("(")
    var numbers = [try number()]
    for _ in 1..<5 {
      try expect(",")
      numbers.append(try number())
    }
    var connection = NetworkStructureCode.Connection.standard
    skipSpace()
    if position < bytes.count, bytes[position] == UInt8(ascii: ",") {
      position += 1
      skipSpace()
      if take("sep") {
        connection = .separable
      } else if take("dw") {
        connection = .depthwise
      } else {
        connection = .groups(try number())
      }
    }
    try expect(")")
    return (numbers, connection)
  }

  private mutating func take(_ word: String) -> Bool {
    guard bytes[position...].starts(with: word.utf8) else { return false }
    position += word.utf8.count
    return true
  }

  mutating func end() throws(NetworkStructureCode.Issue) {
    skipSpace()
    if position < bytes.count { throw .syntax(offset: position, expected: "the end of the text") }
  }
}
