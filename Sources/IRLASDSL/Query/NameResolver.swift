/// Finds what every name of a file stands for, in one walk over its tree.
///
/// Follows the scoping rules of `Lowering` (a name is known from its binding on; what stands nearest wins: bindings,
/// declarations, the language's own names), but works on broken text and on search spaces alike, and reports nothing.
/// An explicit stack of steps takes the place of recursion.
struct NameResolver {
  let program: Program
  let file: Int
  private(set) var occurrences: [Occurrence] = []
  private(set) var locals: [Int: [(name: String, symbol: Symbol, span: SourceSpan, scope: SourceSpan)]] = [:]

  private var scopes: [[String: Symbol]] = []
  private var steps: [Step] = []
  /// The names that `use` gives to what it brings, with the span of the new name.
  private var aliases: [String: SourceSpan] = [:]
  /// The module whose body is walked, with the span in which its names are known.
  private var module: (id: Int, isNetwork: Bool, span: SourceSpan)?
  /// The field of a recipe or search whose value is walked.
  private var field: String?

  private enum Step {
    case visit(SyntaxNode)
    case define(TokenSyntax, SourceSpan)
    case openScope
    case closeScope
  }

  /// The modules and recipes of the file by the node that declares them.
  private var declared: [Int: Symbol] = [:]

  init(_ program: Program, file: Int) {
    self.program = program
    self.file = file
    for header in program.names.modules where header.file == file {
      declared[header.syntax.node.id] = .module(header.id)
    }
    for (index, recipe) in program.recipeDeclarations.enumerated() where recipe.file == file {
      declared[recipe.syntax.node.id] = .recipe(index)
    }
  }

  /// Walks the whole file.
  mutating func run() -> NameIndex {
    let root = program.files[file].tree.root
    for use in root.uses { resolve(use) }
    for declaration in root.declarations {
      switch declaration {
      case .module(let view): resolve(view)
      case .recipe(let view): resolve(view)
      case .search(let view): resolve(view)
      case .check(let view): resolve(view)
      }
    }
    occurrences.sort { $0.span.lower < $1.span.lower }
    var distinct: [Occurrence] = []
    distinct.reserveCapacity(occurrences.count)
    for occurrence in occurrences where distinct.last.map({ $0.span.upper <= occurrence.span.lower }) ?? true
    {
      distinct.append(occurrence)
    }
    return NameIndex(occurrences: distinct, locals: locals)
  }

  private mutating func add(_ span: SourceSpan, _ symbol: Symbol, _ role: Occurrence.Role = .use) {
    guard !span.isEmpty else { return }
    occurrences.append(Occurrence(span: span, symbol: symbol, role: role))
  }

  // MARK: Declarations

  private mutating func resolve(_ use: UseSyntax) {
    guard let target = program.uses[file].first(where: { $0.span == use.span })?.file else { return }
    if case .module(let tokens) = use.path, let last = tokens.last { add(last.span, .file(target)) }
    if case .file(let string) = use.path { add(string.span, .file(target)) }
    for item in use.items ?? [] {
      guard let name = item.name else { continue }
      if let declaration = program.names.scopes[target].own[name.name] {
        add(name.span, symbol(of: declaration, in: target, name: name.name))
      }
      if let alias = item.alias {
        aliases[alias.name] = alias.span
        add(alias.span, .alias(alias.span), .definition)
      }
    }
  }

  private func symbol(of declaration: NameTable.Declaration, in file: Int, name: String) -> Symbol {
    switch declaration {
    case .module(let id): return .module(id)
    case .recipe(let index): return .recipe(index)
    case .search:
      for case .search(let view) in program.files[file].tree.root.declarations where view.name?.name == name {
        return .search(view.name?.span ?? view.span)
      }
      return .search(SourceSpan(file: SourceID(file), 0..<0))
    }
  }

  private mutating func resolve(_ view: ModuleSyntax) {
    guard case .module(let id)? = declared[view.node.id] else { return }
    for attribute in view.attributes {
      if let name = attribute.name { add(name.span, .attribute(name.name)) }
    }
    if let name = view.name { add(name.span, .module(id), .definition) }
    module = (id, view.keyword != .cell, view.span)
    scopes = [[:]]
    for (index, parameter) in view.parameters.enumerated() {
      for child in parameter.node.children where child.kind == .namedType || child.kind == .listType {
        for token in child.tokenRange.map({ TokenSyntax(tree: child.tree, index: $0) })
        where token.kind == .identifier {
          add(token.span, .type(token.name))
        }
      }
      if let value = parameter.defaultValue { walk([.visit(value.node)]) }
      guard let name = parameter.name else { continue }
      let symbol = Symbol.parameter(module: id, index: index)
      add(name.span, symbol, .definition)
      bind(name.name, symbol, at: name.span, scope: view.span)
    }
    for input in view.inputs { if let name = input.name { define(name, scope: view.span) } }
    for input in view.inputs {
      for size in (input.count.map { [$0] } ?? []) + (input.shape ?? []) {
        // A name that means nothing yet binds a size.
        if case .name(let name) = size, view.keyword != .network, scopes[0][name.name] == nil,
          name.name != "_"
        {
          define(name.token, scope: view.span)
        } else {
          walk([.visit(size.node)])
        }
      }
    }
    for statement in view.statements { resolve(statement, scope: view.span) }
    for output in view.returnStatement?.outputs ?? [] {
      if let label = output.label { add(label.span, .label(label.span), .definition) }
      walk([.visit(output.value.node)])
    }
    module = nil
    scopes = []
  }

  private mutating func resolve(_ statement: StatementSyntax, scope: SourceSpan) {
    switch statement {
    case .binding(let view):
      walk([.visit(view.value.node)])
      for name in view.names where name.name != "_" { define(name, scope: scope) }
    case .grow(let view):
      walk([.visit(view.count.node)])
      if let name = view.name { define(name, scope: scope) }
      var inner: [Step] = [.openScope]
      if let index = view.index { inner.append(.define(index, view.span)) }
      walk(inner + [.visit(view.element.node), .closeScope])
    case .require(let view): walk([.visit(view.condition.node)])
    }
  }

  private mutating func resolve(_ view: RecipeSyntax) {
    if let name = view.name, let symbol = declared[view.node.id] { add(name.span, symbol, .definition) }
    if let base = view.base { resolveDeclared(base) }
    resolve(view.fields, isSearch: false)
  }

  private mutating func resolve(_ view: SearchSyntax) {
    if let name = view.name { add(name.span, .search(name.span), .definition) }
    resolve(view.fields, isSearch: true)
    for requirement in view.requirements {
      field = "require"
      walk([.visit(requirement.condition.node)])
      field = nil
    }
  }

  private mutating func resolve(_ fields: [FieldSyntax], isSearch: Bool) {
    for view in fields {
      guard let label = view.label else { continue }
      add(label.span, .field(label.name, isSearch: isSearch))
      field = label.name
      walk([.visit(view.value.node)])
      field = nil
    }
  }

  private mutating func resolve(_ view: CheckSyntax) {
    if let target = view.target { resolveDeclared(target) }
    for argument in view.arguments {
      if let label = argument.label { resolveLabel(label, of: view.target?.name) }
      walk([.visit(argument.value.node)])
    }
    for claim in view.claims {
      module = (-1, true, view.span)
      walk([.visit(claim.node)])
      module = nil
    }
  }

  private mutating func resolveDeclared(_ token: TokenSyntax) {
    guard let declaration = program.names.lookUp(token.name, in: file) else { return }
    add(token.span, aliased(token.name, symbol(of: declaration, in: file, name: token.name)))
  }

  private func aliased(_ name: String, _ symbol: Symbol) -> Symbol {
    guard program.names.scopes[file].own[name] == nil, let alias = aliases[name] else { return symbol }
    return .alias(alias)
  }

  // MARK: Names

  private mutating func define(_ token: TokenSyntax, scope: SourceSpan) {
    add(token.span, .local(token.span), .definition)
    bind(token.name, .local(token.span), at: token.span, scope: scope)
  }

  private mutating func bind(_ name: String, _ symbol: Symbol, at span: SourceSpan, scope: SourceSpan) {
    // Bound twice is an error; the first stays.
    if scopes.count == 1, scopes[0][name] != nil { return }
    scopes[scopes.count - 1][name] = symbol
    if let module { locals[module.id, default: []].append((name, symbol, span, scope)) }
  }

  /// What a name in an expression stands for.
  private func lookUp(_ name: String) -> Symbol? {
    for scope in scopes.reversed() { if let symbol = scope[name] { return symbol } }
    if let module, module.isNetwork, let metric = Metric(rawValue: name) { return .metric(metric) }
    if let field, FieldForm.forms(of: field).contains(where: { $0.name == name }) {
      return .form(field: field, name: name)
    }
    if let declaration = program.names.lookUp(name, in: file) {
      return aliased(name, symbol(of: declaration, in: file, name: name))
    }
    if let index = Primitive.indices[name] { return .primitive(index) }
    if let function = NumericFunction(rawValue: name) { return .function(function) }
    if name == "same" || name == "valid" { return .padding(name) }
    return Self.choices.contains(name) ? .choice(name) : nil
  }

  /// The calls that leave a decision open.
  static let choices: Set<String> = ["choose", "pick", "some", "maybe"]

  private mutating func resolveLabel(_ label: TokenSyntax, of callee: String?) {
    guard let callee else { return }
    switch program.callee(lookUp(callee), in: file) {
    case .module(let id)?:
      if let index = program.names.modules[id].parameters.firstIndex(where: { $0.name == label.name }) {
        add(label.span, .parameter(module: id, index: index), .label)
      }
    case .primitive(let id)?:
      if let index = Primitive.all[id].parameters.firstIndex(where: { $0.name == label.name }) {
        add(label.span, .primitiveParameter(primitive: id, index: index), .label)
      }
    case .choice?: add(label.span, .label(label.span), .definition)
    default: break
    }
  }

  // MARK: Expressions

  private mutating func walk(_ first: [Step]) {
    steps += first.reversed()
    while let step = steps.popLast() {
      switch step {
      case .visit(let node): visit(node)
      case .define(let token, let scope): define(token, scope: scope)
      case .openScope: scopes.append([:])
      case .closeScope: scopes.removeLast()
      }
    }
  }

  private mutating func push(_ more: [Step]) { steps += more.reversed() }

  private mutating func visit(_ node: SyntaxNode) {
    guard let expression = ExpressionSyntax(node) else {
      return push(node.children.map { .visit($0) })
    }
    switch expression {
    case .name(let view):
      if let symbol = lookUp(view.name) { add(view.span, symbol) }
    case .call(let view):
      if let symbol = lookUp(view.name.name) { add(view.name.span, symbol) }
      for argument in view.arguments {
        if let label = argument.label { resolveLabel(label, of: view.name.name) }
      }
      push(view.arguments.map { .visit($0.value.node) })
    case .postfix(let view): resolve(view)
    case .repetition(let view):
      var more: [Step] = [.visit(view.count.node)]
      if let upper = view.upperCount { more.append(.visit(upper.node)) }
      if let index = view.index {
        more += [.openScope, .define(index, view.span), .visit(view.body.node), .closeScope]
      } else {
        more.append(.visit(view.body.node))
      }
      push(more)
    case .each(let view):
      var more: [Step] = [.visit(view.list.node), .openScope]
      if let element = view.element { more.append(.define(element, view.span)) }
      if let index = view.index { more.append(.define(index, view.span)) }
      push(more + [.visit(view.body.node), .closeScope])
    case .number, .kernel, .string, .boolean, .peer, .missing: break
    default: push(node.children.map { .visit($0) })
    }
  }

  private mutating func resolve(_ view: PostfixSyntax) {
    var members = view.members[...]
    if case .name(let base) = view.base, lookUp(base.name) == nil,
      let target = program.names.scopes[file].files[base.name]
    {
      // `std.bn`: a name of a used file.
      add(base.span, .file(target))
      if let first = members.popFirst(), let name = first.name {
        if let declaration = program.names.scopes[target].own[name.name] {
          add(name.span, symbol(of: declaration, in: target, name: name.name))
        } else if let index = Primitive.indices[name.name] {
          add(name.span, .primitive(index))
        }
        push((first.arguments ?? []).map { .visit($0.value.node) })
      }
    } else {
      push([.visit(view.base.node)])
    }
    for member in members {
      if let name = member.name { add(name.span, .member(name.name)) }
      push((member.arguments ?? []).map { .visit($0.value.node) })
    }
  }
}

extension Program {
  /// What the names of a file stand for; nothing for a file that is not part of the program.
  package func nameIndex(of file: SourceID) -> NameIndex {
    guard Int(file.index) < files.count else { return NameIndex(occurrences: [], locals: [:]) }
    var resolver = NameResolver(self, file: Int(file.index))
    return resolver.run()
  }

  /// What an alias brings, and everything else as it is.
  package func callee(_ symbol: Symbol?, in file: Int) -> Symbol? {
    guard case .alias(let span)? = symbol, Int(span.file.index) < sources.files.count else { return symbol }
    let source = sources.files[Int(span.file.index)]
    var name = source.text(span)
    if name.hasPrefix("`"), name.hasSuffix("`") { name = String(name.dropFirst().dropLast()) }
    switch names.scopes[Int(span.file.index)].imported[name] {
    case .module(let id)?: return .module(id)
    case .recipe(let index)?: return .recipe(index)
    case .search?, nil: return nil
    }
  }
}
