import IRLASGraph

/// A value of the language while a program is elaborated.
enum Value: Sendable {
  case integer(Int)
  case rational(Rational)
  case float(Double)
  case boolean(Bool)
  case string(String)
  case kernel(Extent)
  indirect case shape(Shape)
  indirect case padding(PaddingMode)
  case axis(Axis)
  /// What a learned tensor starts with.
  case initializer(Parameter.Initializer)
  case tensor(Tensor)
  case layer(LayerValue)
  /// A tuple or a list: the language makes no difference.
  case list(List)
  /// What stands for a value whose error has been reported; whatever touches it stays silent.
  case poison

  /// The elements of a tuple or list.
  struct List: Sendable {
    /// What the outputs of a cell are called.
    struct Label: Sendable {
      /// The name.
      var name: String
      /// The elements: one, or those of a list that the cell gave under this name.
      var range: Range<Int>
    }

    /// The elements in order.
    var elements: [Value]
    /// The names of elements that are outputs of a cell.
    var labels: [Label] = []
    /// How deeply lists and layers nest inside; bounded, so that releasing a value never recurses far.
    var depth: Int
    /// How many nodes there were when `grow` began the list; what `.reads` looks at starts there.
    var firstNode = 0
    /// What each element is a mixture of; relaxed runs only.
    var superposition: Superposition?

    /// A list of the given elements.
    init(_ elements: [Value]) {
      self.elements = elements
      depth = 1 + (elements.lazy.map(\.depth).max() ?? 0)
    }

    /// The elements with a label; nil when there are none.
    func labelled(_ name: String) -> Value? {
      guard let range = labels.first(where: { $0.name == name })?.range else { return nil }
      return range.count == 1 ? elements[range.lowerBound] : .list(List(Array(elements[range])))
    }

    /// Adds an element at the end.
    mutating func append(_ value: Value) {
      elements.append(value)
      depth = max(depth, value.depth + 1)
    }
  }

  /// How deeply lists and layers nest inside the value.
  var depth: Int {
    switch self {
    case .list(let list): list.depth
    case .layer(let layer): layer.depth
    default: 0
    }
  }

  /// Whether the value, or an element of a list, stands for a reported error.
  var isPoison: Bool {
    switch self {
    case .poison: true
    case .list(let list): list.elements.contains { if case .poison = $0 { true } else { false } }
    default: false
    }
  }

  /// The value as a double, for numbers.
  var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .rational(let value): value.double
    case .float(let value): value
    default: nil
    }
  }
}

/// A tensor: a node of the graph under construction, and where the text made it.
struct Tensor: Sendable {
  /// The value in the graph.
  var node: NodeID
  /// The link of a chain, the sum or the input that produced it.
  var source: SourceSpan
  /// Whether it entered the cell as an input.
  var isInput = false

  /// A tensor of which nothing is known: what there is while decisions are counted.
  static var unknown: Tensor { Tensor(node: NodeID(0), source: SourceSpan(file: SourceID(0), 0..<0)) }
}

/// The padding of a window as the program asks for it.
enum PaddingMode: Hashable, Sendable {
  /// The output is `ceil(input / stride)`.
  case same
  /// None: only whole windows count.
  case valid
  /// So many rows and columns on the four sides.
  case explicit(Border)
}

/// A layer as a value: something that maps tensors to tensors once its parameters are known.
final class LayerValue: Sendable {
  /// What the layer does.
  enum Kind: Sendable {
    /// Entry `index` of the table of primitives; arguments by parameter, nil where not given.
    case primitive(Int, [Value?])
    /// A cell; `peer` is the shape of the other operands of the sum that it was written in.
    case module(Int, [Value?], peer: Value?)
    /// One layer after the other.
    case composition([LayerValue])
    /// `count` copies; one layer when all are the same, else one per copy.
    case repetition(count: Int, [LayerValue])
    /// A layer whose applications share their weights under the given key.
    case shared(Int, LayerValue)
    /// One draw of a space, by its name: all applications decide alike.
    case sampled(String, LayerValue)
    /// The weighted sum of what several layers make of the same input; relaxed runs only.
    indirect case mixture(LayerMixture)
  }

  /// An argument as the text gave it, for labels.
  struct Written: Hashable, Sendable {
    /// The parameter it went to.
    let parameter: Int
    /// Whether the text names the parameter.
    let isLabelled: Bool
    /// The bytes of the argument with its label.
    let span: SourceSpan
  }

  /// What it does.
  let kind: Kind
  /// How messages and labels call it.
  let name: String
  /// Where the text makes the layer.
  let span: SourceSpan
  /// The arguments in the order of the text; cells and primitives only.
  let written: [Written]
  /// The name under which an application decides; spaces only.
  let path: String?
  /// See `Value.depth`.
  let depth: Int

  /// A layer of the given kind, made at `span`.
  init(_ kind: Kind, name: String, span: SourceSpan, written: [Written] = [], path: String? = nil) {
    self.kind = kind
    self.path = path
    self.name = name
    self.span = span
    self.written = written
    switch kind {
    case .primitive(_, let arguments), .module(_, let arguments, _):
      depth = 1 + (arguments.lazy.map { $0?.depth ?? 0 }.max() ?? 0)
    case .composition(let layers), .repetition(_, let layers):
      depth = 1 + (layers.lazy.map(\.depth).max() ?? 0)
    case .mixture(let mixture):
      depth = 1 + (mixture.layers.lazy.map(\.depth).max() ?? 0)
    case .shared(_, let layer), .sampled(_, let layer):
      depth = 1 + layer.depth
    }
  }

  /// The same layer with another name for its decisions.
  func named(_ path: String) -> LayerValue {
    guard case .module = kind else { return self }
    return LayerValue(kind, name: name, span: span, written: written, path: path)
  }

  /// The same layer with the shape of a sum's other operands, where it has none yet.
  func with(peer: Value) -> LayerValue {
    switch kind {
    case .module(let module, let arguments, nil):
      return LayerValue(
        .module(module, arguments, peer: peer), name: name, span: span, written: written, path: path)
    case .composition(let layers) where layers.count <= 64:
      // Only the direct parts: deeper ones are not written directly under the sum.
      let parts = layers.map { part in
        if case .module = part.kind { part.with(peer: peer) } else { part }
      }
      return LayerValue(.composition(parts), name: name, span: span, written: written)
    case .mixture(var mixture) where mixture.layers.count <= 64:
      mixture.layers = mixture.layers.map { option in
        if case .mixture = option.kind { option } else { option.with(peer: peer) }
      }
      return LayerValue(.mixture(mixture), name: name, span: span, written: written)
    default:
      return self
    }
  }
}
