import IRLASGraph

/// What the rest of a program sees of a cell, network or space: its name, parameters and inputs.
struct ModuleHeader: Sendable {
  /// A hyper-parameter.
  struct Parameter: Sendable {
    /// Its name; empty when the text lacks it.
    let name: String
    /// The bytes of its declaration.
    let span: SourceSpan
    /// Its type: declared, that of its default, or a number.
    let type: ValueType
    /// The default.
    let defaultValue: ExpressionSyntax?
    /// Whether the default is `peer` or reads it.
    let readsPeer: Bool
  }

  /// The index of the module in its program.
  let id: Int
  /// The name; empty when the text lacks it.
  let name: String
  /// The file that declares it.
  let file: Int
  /// Cell, network or space.
  let keyword: ModuleSyntax.Keyword
  /// The text.
  let syntax: ModuleSyntax
  /// The hyper-parameters.
  let parameters: [Parameter]
  /// The names of the inputs.
  let inputs: [String]
  /// Whether the last input takes the rest of the tuple as a list.
  let isVariadic: Bool

  /// Whether the text marks it `@atomic`.
  var isAtomic: Bool { syntax.attributes.contains { $0.name?.name == "atomic" } }
  /// Whether the module can stand by itself: a network, or a space whose inputs have shapes like those of one.
  let isEntry: Bool

  /// Whether a parameter's default needs the other operands of a sum.
  var needsPeer: Bool { parameters.contains { $0.readsPeer } }

  /// The bytes of the name.
  var nameSpan: SourceSpan { syntax.name?.span ?? syntax.span }

  /// The bytes of the inputs.
  var inputsSpan: SourceSpan {
    let inputs = syntax.inputs
    guard let first = inputs.first, let last = inputs.last else { return nameSpan }
    return first.span.union(last.span)
  }

  /// How many tensors an application takes.
  var inputCount: ClosedRange<Int> { isVariadic ? inputs.count - 1...Int.max : inputs.count...inputs.count }

  /// Reads the head of a module.
  init(id: Int, file: Int, syntax: ModuleSyntax) {
    self.id = id
    self.file = file
    self.syntax = syntax
    keyword = syntax.keyword
    name = syntax.name?.name ?? ""
    var types: [String: ValueType] = [:]
    var parameters: [Parameter] = []
    for view in syntax.parameters {
      let name = view.name?.name ?? ""
      let type = Self.type(of: view, knowing: types)
      types[name] = type
      let reads = view.defaultValue.map { $0.node.contains(.peerKeyword) } ?? false
      parameters.append(
        Parameter(name: name, span: view.span, type: type, defaultValue: view.defaultValue, readsPeer: reads))
    }
    self.parameters = parameters
    inputs = syntax.inputs.map { $0.name?.name ?? "" }
    isVariadic = syntax.inputs.last?.count != nil
    switch keyword {
    case .network: isEntry = true
    case .cell: isEntry = false
    case .space:
      // A lone name in a shape that is no parameter is a size of whatever arrives: a contract, not a shape to make.
      let known = Set(parameters.map(\.name))
      isEntry =
        !syntax.inputs.isEmpty
        && syntax.inputs.allSatisfy { input in
          guard input.count == nil, let sizes = input.shape, sizes.count == 3 else { return false }
          return sizes.allSatisfy { if case .name(let name) = $0 { known.contains(name.name) } else { true } }
        }
    }
  }

  private static func type(of view: ParameterSyntax, knowing types: [String: ValueType]) -> ValueType {
    if let declared = view.type { return type(declared) }
    guard let value = view.defaultValue else { return .number }
    return staticType(of: value, knowing: types, limit: 16)
  }

  private static func type(_ syntax: TypeSyntax) -> ValueType {
    switch syntax {
    case .named(let token): return ValueType(name: token.name) ?? .any
    case .list(let element, _):
      // `[[[Int]]]` and deeper have no use; they are not told apart.
      if case .list(let inner, _) = element {
        if case .named(let token) = inner { return .list(.list(ValueType(name: token.name) ?? .any)) }
        return .list(.list(.any))
      }
      return .list(type(element))
    case .missing: return .any
    }
  }

  /// The type that a default tells by its form.
  private static func staticType(of value: ExpressionSyntax, knowing types: [String: ValueType], limit: Int)
    -> ValueType
  {
    guard limit > 0 else { return .any }
    switch value {
    case .number(let number): return number.value?.integer == nil ? .float : .int
    case .boolean, .comparison: return .bool
    case .kernel: return .kernel
    case .peer: return .shape
    case .chain, .repetition, .sample: return .layer
    case .parenthesized(let inner): return staticType(of: inner.expression, knowing: types, limit: limit - 1)
    case .prefix(let prefix):
      return prefix.isNot ? .bool : staticType(of: prefix.operand, knowing: types, limit: limit - 1)
    case .operation(let operation):
      if operation.family == .or || operation.family == .and { return .bool }
      let operands = operation.operands.prefix(16).map {
        staticType(of: $0, knowing: types, limit: limit - 1)
      }
      if operands.contains(.float) { return .float }
      return operands.allSatisfy { $0 == .int } ? .int : .any
    case .name(let name):
      if let type = types[name.name] { return type }
      if name.name == "same" || name.name == "valid" { return .padding }
      return .layer
    case .range: return .int
    case .call(let call) where call.name.name == "choose":
      // A default that is a choice is of the type of its options.
      let options = call.arguments.filter { $0.label?.name != "odds" }
      let types = Set(options.prefix(16).map { staticType(of: $0.value, knowing: types, limit: limit - 1) })
      return types.count == 1 ? types.first ?? .any : types == [.int, .float] ? .float : .any
    case .call(let call):
      guard let function = NumericFunction(rawValue: call.name.name) else { return .layer }
      switch function {
      case .floor, .ceil, .round, .roundTo: return .int
      default: return .any
      }
    case .list(let list):
      guard let first = list.elements.first else { return .list(.any) }
      return .list(staticType(of: first, knowing: types, limit: limit - 1))
    default: return .any
    }
  }
}

extension SyntaxNode {
  /// Whether a token of the given kind stands below the node.
  func contains(_ kind: TokenKind) -> Bool { tokenRange.contains { tree.tokens[$0].kind == kind } }
}
