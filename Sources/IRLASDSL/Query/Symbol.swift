/// What a name in a program's text stands for.
package enum Symbol: Hashable, Sendable {
  /// A cell, network or space, by its index in the program.
  case module(Int)
  /// A recipe, by its index in the program.
  case recipe(Int)
  /// A search, by the span of the name that declares it.
  case search(SourceSpan)
  /// A parameter of a cell, network or space.
  case parameter(module: Int, index: Int)
  /// A binding, an input, an index, an element or a size, by the span that binds it.
  case local(SourceSpan)
  /// The label of an output or of an option, by its span.
  case label(SourceSpan)
  /// A name that `use ... { A as B }` gives to what it brings, by the span of `B`.
  case alias(SourceSpan)
  /// A used file, by its index.
  case file(Int)
  /// A primitive layer, by its index in the table.
  case primitive(Int)
  /// A parameter of a primitive.
  case primitiveParameter(primitive: Int, index: Int)
  /// A function on numbers.
  case function(NumericFunction)
  /// `choose`, `pick`, `some` or `maybe`.
  case choice(String)
  /// `params`, `macs` or `depth`.
  case metric(Metric)
  /// An attribute or method after a point.
  case member(String)
  /// `same` or `valid`.
  case padding(String)
  /// The name of a type.
  case type(String)
  /// A field of a recipe or search.
  case field(String, isSearch: Bool)
  /// A word in the value of a recipe's field: `cifar10`, `sgd`.
  case form(field: String, name: String)
  /// A word after `@`.
  case attribute(String)

  /// Whether the program itself declares the name, so that it can be renamed.
  package var isDeclared: Bool {
    switch self {
    case .module, .recipe, .search, .parameter, .local, .alias: true
    default: false
    }
  }
}

/// One place where a name stands.
package struct Occurrence: Hashable, Sendable {
  /// How a name is used.
  package enum Role: Hashable, Sendable {
    /// The name is bound or declared here.
    case definition
    /// The name is read here.
    case use
    /// The name is the label of an argument.
    case label
  }

  /// The bytes of the name, backquotes included.
  package let span: SourceSpan
  /// What it stands for.
  package let symbol: Symbol
  /// How it is used.
  package let role: Role
}

/// What the names of one file stand for, in the order of the text.
package struct NameIndex: Sendable {
  /// All names that stand for something; spans do not overlap.
  package let occurrences: [Occurrence]
  /// The names of a module that are known at its end, with where the text binds them, in the order of the text.
  package let locals: [Int: [(name: String, symbol: Symbol, span: SourceSpan, scope: SourceSpan)]]

  /// The name at a byte: the one that holds it, or ends there.
  package func occurrence(at offset: Int) -> Occurrence? {
    var (low, high) = (0, occurrences.count)
    while low < high {
      let middle = (low + high) / 2
      if Int(occurrences[middle].span.upper) < offset { low = middle + 1 } else { high = middle }
    }
    guard low < occurrences.count, Int(occurrences[low].span.lower) <= offset else { return nil }
    // Between two names that touch, the one that begins wins.
    if low + 1 < occurrences.count, Int(occurrences[low + 1].span.lower) <= offset {
      return occurrences[low + 1]
    }
    return occurrences[low]
  }
}
