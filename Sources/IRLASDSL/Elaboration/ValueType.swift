import IRLASGraph

/// The type of a parameter.
indirect enum ValueType: Hashable, Sendable {
  case int
  case float
  /// A parameter without type and default: an Int; other numbers are let through to where they are used.
  case number
  case bool
  case kernel
  case layer
  case shape
  case padding
  /// A channel, height or width axis; primitives only.
  case axis
  /// One Int for both axes, or `[height, width]`; primitives only.
  case extent
  /// The sizes of a learned tensor: `[c]`, `[c, h, w]` or a Shape; primitives only.
  case sizes
  /// What a learned tensor starts with: a number or a distribution; primitives only.
  case initializer
  case list(ValueType)
  /// A parameter whose default does not tell its type.
  case any

  /// The name in messages and in the manual.
  var name: String {
    switch self {
    case .int, .number: "Int"
    case .float: "Float"
    case .bool: "Bool"
    case .kernel: "Kernel"
    case .layer: "Layer"
    case .shape: "Shape"
    case .padding: "Padding"
    case .axis: "c, h or w"
    case .extent: "Int or [h, w]"
    case .sizes: "[c] or [c, h, w]"
    case .initializer: "number, normal(d) or trunc_normal(d)"
    case .list(let element): "[\(element.name)]"
    case .any: "any value"
    }
  }

  /// The type with the given name in the language.
  init?(name: String) {
    switch name {
    case "Int": self = .int
    case "Float": self = .float
    case "Bool": self = .bool
    case "Kernel": self = .kernel
    case "Layer": self = .layer
    case "Shape": self = .shape
    case "Padding": self = .padding
    default: return nil
    }
  }

  /// Why a value is not of a type.
  enum Failure: Error, Hashable {
    /// Another type altogether.
    case mismatch
    /// A fraction or a float where an integer is needed.
    case notWhole
  }

  /// The value as a value of this type: integers become floats, lists become shapes and paddings.
  /// Poison is of every type.
  func convert(_ value: Value) throws(Failure) -> Value {
    if value.isPoison { return .poison }
    switch (self, value) {
    case (.any, _), (.int, .integer), (.float, .float), (.number, .integer), (.number, .float),
      (.bool, .boolean),
      (.kernel, .kernel), (.layer, .layer), (.shape, .shape), (.padding, .padding), (.axis, .axis),
      (.sizes, .shape), (.initializer, .initializer):
      return value
    case (.initializer, _):
      guard let number = value.number else { throw .mismatch }
      return .initializer(.constant(number))
    case (.sizes, .list(let list)) where list.elements.count == 1:
      guard let channels = list.integers?.first else { throw .mismatch }
      return .shape(.image(channels, 1, 1))
    case (.sizes, _): return try ValueType.shape.convert(value)
    case (.float, .integer(let number)): return .float(Double(number))
    case (.float, .rational(let number)): return .float(number.double)
    case (.int, .rational), (.int, .float), (.number, .rational), (.extent, .rational), (.extent, .float):
      throw .notWhole
    case (.extent, .integer(let size)): return .kernel(Extent(square: size))
    case (.extent, .list(let list)):
      guard let sizes = list.integers, sizes.count == 2 else { throw .mismatch }
      return .kernel(Extent(sizes[0], sizes[1]))
    case (.padding, .integer(let size)):
      return .padding(.explicit(Border(top: size, left: size, bottom: size, right: size)))
    case (.padding, .list(let list)):
      guard let sizes = list.integers else { throw .mismatch }
      switch sizes.count {
      case 2:
        return .padding(.explicit(Border(top: sizes[0], left: sizes[1], bottom: sizes[0], right: sizes[1])))
      case 4:
        return .padding(.explicit(Border(top: sizes[0], left: sizes[1], bottom: sizes[2], right: sizes[3])))
      default: throw .mismatch
      }
    case (.shape, .list(let list)):
      guard let sizes = list.integers, sizes.count == 3 else { throw .mismatch }
      return .shape(.image(sizes[0], sizes[1], sizes[2]))
    case (.list(let element), .list(let list)):
      var elements: [Value] = []
      elements.reserveCapacity(list.elements.count)
      for value in list.elements { elements.append(try element.convert(value)) }
      return .list(Value.List(elements))
    default: throw .mismatch
    }
  }
}

extension Value.List {
  /// The elements when all are integers.
  var integers: [Int]? {
    var sizes: [Int] = []
    for element in elements {
      guard case .integer(let size) = element else { return nil }
      sizes.append(size)
    }
    return sizes
  }
}

extension Value {
  /// The value as the text would write it, short enough for a label.
  var text: String {
    switch self {
    case .integer(let value): return "\(value)"
    case .rational(let value): return "\(value.numerator) / \(value.denominator)"
    case .float(let value): return "\(value)"
    case .boolean(let value): return "\(value)"
    case .string(let value): return "\"\(value)\""
    case .kernel(let value): return "\(value)"
    case .shape(let value): return "\(value)"
    case .padding(.same): return "same"
    case .padding(.valid): return "valid"
    case .padding(.explicit(let border)):
      if border.top == border.bottom, border.left == border.right {
        return border.top == border.left ? "\(border.top)" : "[\(border.top), \(border.left)]"
      }
      return "[\(border.top), \(border.left), \(border.bottom), \(border.right)]"
    case .axis(let axis): return axis.letter
    case .initializer(.constant(let value)): return "\(value)"
    case .initializer(.normal(let deviation)): return "normal(\(deviation))"
    case .initializer(.truncatedNormal(let deviation)): return "trunc_normal(\(deviation))"
    case .initializer(.uniform(let fanIn)): return "uniform(\(fanIn))"
    case .tensor: return "tensor"
    case .layer(let layer): return layer.name
    case .list(let list):
      let shown = list.elements.prefix(8).map { if case .list = $0 { "[...]" } else { $0.text } }
      return "[\(shown.joined(separator: ", "))\(list.elements.count > 8 ? ", ..." : "")]"
    case .poison: return "?"
    }
  }

  /// What the value is, for messages: `the Int 3`, `a layer`.
  var kindDescription: String {
    switch self {
    case .integer: "the Int \(text)"
    case .rational: "the fraction \(text)"
    case .float: "the Float \(text)"
    case .boolean: "the Bool \(text)"
    case .string: "the string \(text)"
    case .kernel: "the Kernel \(text)"
    case .shape: "the Shape \(text)"
    case .padding: "the Padding \(text)"
    case .axis: "the axis \(text)"
    case .initializer: "the distribution \(text)"
    case .tensor: "a tensor"
    case .layer(let layer): "the layer `\(layer.name)`"
    case .list(let list): "a list of \(list.elements.count)"
    case .poison: "an unknown value"
    }
  }
}

extension Axis {
  /// The letter of the axis in the language.
  var letter: String {
    switch self {
    case .channel: "c"
    case .height: "h"
    case .width: "w"
    }
  }

  /// The axis with the given letter.
  init?(letter: String) {
    guard let axis = Axis.allCases.first(where: { $0.letter == letter }) else { return nil }
    self = axis
  }
}
