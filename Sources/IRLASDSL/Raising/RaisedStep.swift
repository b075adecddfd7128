import IRLASGraph

/// A hyper-parameter of a layer on the way back to text.
enum RaisedValue: Hashable {
  case number(Int)
  case float(Double)
  case kernel(Extent)
  /// The shape of a learned tensor: its channels, and the rest of the list as text.
  case sizes(Int, String)
  /// Anything that never becomes a parameter of a cell.
  case text(String)

  /// The value as the language writes it.
  var text: String {
    switch self {
    case .number(let value): "\(value)"
    case .float(let value): "\(value)"
    case .kernel(let value): "\(value)"
    case .sizes(let channels, let rest): "[\(channels)\(rest)]"
    case .text(let value): value
    }
  }

  /// What the value has in common with those of other copies of the same cell.
  var kind: String {
    switch self {
    case .number: "#"
    case .float: "%"
    case .kernel: "x"
    case .sizes(_, let rest): "#\(rest)"
    case .text(let value): value
    }
  }

  /// How a parameter for it is declared after its name.
  var declaration: String {
    switch self {
    case .number, .sizes, .text: ""
    case .float: ": Float"
    case .kernel: ": Kernel"
    }
  }
}

/// An argument of a layer: the parameter it goes to, and its value.
struct RaisedArgument: Hashable {
  /// The parameter's name, whether or not the text shows it.
  var role: String
  /// Whether the text shows it.
  var isLabelled: Bool
  var value: RaisedValue
  /// The value that need not be written.
  var fallback: RaisedValue?

  init(_ role: String, _ value: RaisedValue, labelled: Bool = true, fallback: RaisedValue? = nil) {
    self.role = role
    self.value = value
    isLabelled = labelled
    self.fallback = fallback
  }
}

/// A layer with its arguments: `conv(3x3, 64)`, `Block(64, stride: 2)`.
struct RaisedLayer: Hashable {
  /// What is applied.
  enum Callee: Hashable {
    /// A primitive, or a cell of the standard library.
    case layer(String)
    /// A cell of the program, by its index in the table.
    case cell(Int)
  }

  var callee: Callee
  var arguments: [RaisedArgument] = []

  /// The layer without the values of arguments that may become parameters.
  var kind: String {
    let name =
      switch callee {
      case .layer(let word): word
      case .cell(let id): "@\(id)"
      }
    return name + arguments.map { ",\($0.role):\($0.value.kind)" }.joined()
  }
}

/// One application in the body of a cell or network, in terms of the values that it reads and makes.
struct RaisedStep {
  /// What it does.
  enum Action {
    case layer(RaisedLayer)
    case sum
    case product
    /// Copies of chains of layers, one chain for each copy; all name the same callees, or the first differs.
    case repetition([[RaisedLayer]])
    /// `grow h[count] = (inputs, h) -> concat -> layers`; each element is a result.
    case growth(count: Int, [RaisedLayer])
  }

  var action: Action
  var inputs: [NodeID]
  /// Nil where nothing reads a result.
  var results: [NodeID?]
  /// The first learned tensor of a layer that is applied several times.
  var sharing: NodeID?
  /// Whether this is std's `fit`, which must stand directly under its sum.
  var isFit = false

  /// The step without the values of arguments that may become parameters.
  var kind: String {
    switch action {
    case .layer(let layer): layer.kind
    case .sum: "+"
    case .product: "*"
    case .repetition(let copies):
      copies.map { copy in "[" + copy.map(\.kind).joined(separator: " ") }.joined()
    case .growth(let count, let layers): "grow \(count) " + layers.map(\.kind).joined(separator: " ")
    }
  }

  /// The layers with arguments, in the order in which their arguments are counted.
  var layers: [RaisedLayer] {
    switch action {
    case .layer(let layer): [layer]
    case .sum, .product: []
    case .repetition(let copies): copies.flatMap { $0 }
    case .growth(_, let layers): layers
    }
  }
}

/// Steps between inputs and outputs: what becomes a cell, or the network.
struct RaisedBody {
  /// Values from outside, in the order in which they are first read.
  var inputs: [NodeID]
  var steps: [RaisedStep]
  /// Values that something outside reads, in the order of the graph.
  var outputs: [NodeID]
}

/// Why a graph cannot be written as a program.
package struct RaisingIssue: Error, Hashable, CustomStringConvertible {
  package let reason: String
  package var description: String { reason }
}
