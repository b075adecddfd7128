/// A word that may stand at a place of the text.
package struct Candidate: Hashable, Sendable {
  /// What the word is.
  package enum Kind: Hashable, Sendable {
    case keyword
    case primitive
    case cell
    case network
    case space
    case recipe
    case search
    case parameter
    case variable
    case function
    case member
    case type
    case field
    case value
    case file
  }

  /// The word as it is shown.
  package let label: String
  /// What is inserted; the label where nil.
  package var insertion: String?
  /// What it is.
  package let kind: Kind
  /// Its signature or type.
  package var detail: String?
  /// What it does.
  package var documentation: String?

  /// A word of the given kind.
  init(
    _ label: String, _ kind: Kind, detail: String? = nil, documentation: String? = nil,
    insertion: String? = nil
  ) {
    self.label = label
    self.kind = kind
    self.detail = detail
    self.documentation = documentation
    self.insertion = insertion
  }
}

extension Program {
  /// The words that may stand at a byte of a file, the likeliest first.
  package func complete(at offset: Int, in file: SourceID, index: NameIndex) -> [Candidate] {
    guard let tree = tree(of: file) else { return [] }
    let place = CursorPlace(tree, at: offset)
    if place.isText { return [] }
    let previous = place.previous < 0 ? TokenKind.endOfFile : tree.tokens[place.previous].kind
    let completion = Completion(
      program: self, tree: tree, file: Int(file.index), offset: place.word.lowerBound, place: place,
      previous: previous, index: index)
    var seen: Set<String> = []
    return completion.candidates().filter { seen.insert($0.label).inserted }
  }
}

/// The choice of words for one place.
private struct Completion {
  let program: Program
  let tree: SyntaxTree
  let file: Int
  let offset: Int
  let place: CursorPlace
  let previous: TokenKind
  let index: NameIndex

  func candidates() -> [Candidate] {
    switch previous {
    case .dot: return members
    case .at:
      return [
        Candidate("atomic", .keyword, documentation: program.describe(.attribute("atomic")).documentation)
      ]
    case .useKeyword: return [Candidate("std", .file, documentation: "the standard library")]
    case .checkKeyword: return modules { $0 == .network }
    case .sampleKeyword: return modules { $0 == .space }
    case .cellKeyword, .networkKeyword, .spaceKeyword, .recipeKeyword, .searchKeyword, .growKeyword,
      .sharedKeyword,
      .asKeyword, .eachKeyword:
      return []
    default: break
    }
    switch place.surroundings {
    case .file: return endsExpression || previous == .endOfFile ? keywords(Self.declarations) : recipes
    case .useItems: return usedNames
    case .parameters:
      switch previous {
      case .colon: return TypeSyntax.names.map { Candidate($0, .type, documentation: describe(.type($0))) }
      case .equal: return values
      default: return []
      }
    case .fields(let isSearch): return fields(isSearch: isSearch)
    case .claims: return endsExpression ? [] : metrics + values
    case .body:
      if previous == .leftBrace { return keywords(["in"]) }
      if previous == .inKeyword { return [] }
      if endsExpression { return keywords(Self.statements) }
      return valuesOrLayers
    case .call(let name): return arguments(of: name)
    case .expression:
      if place.field != nil { return fieldValues }
      return endsExpression ? keywords(Self.operators) : valuesOrLayers
    }
  }

  private static let declarations = ["use", "cell", "network", "space", "recipe", "search", "check"]
  private static let statements = ["return", "grow", "require", "shared", "then", "and", "or", "in"]
  private static let operators = ["then", "and", "or", "else"]

  private var endsExpression: Bool {
    switch previous {
    case .identifier, .number, .kernel, .string, .rightParenthesis, .rightBracket, .rightBrace, .trueKeyword,
      .falseKeyword, .peerKeyword:
      true
    default: false
    }
  }

  private func keywords(_ words: [String]) -> [Candidate] { words.map { Candidate($0, .keyword) } }

  private func describe(_ symbol: Symbol) -> String? { program.describe(symbol).documentation }

  private var valuesOrLayers: [Candidate] { previous == .arrow ? layers : values }

  // MARK: Names

  private var members: [Candidate] {
    // `std.` names a file.
    if place.previous > 0 {
      let base = TokenSyntax(tree: tree, index: place.previous - 1)
      if let target = program.names.scopes[file].files[base.name],
        !locals.contains(where: { $0.name == base.name })
      {
        return declared(in: target) { $0 == .cell || $0 == .space }
      }
    }
    return Member.allCases.map {
      Candidate(
        $0.rawValue, .member, documentation: $0.documentation,
        insertion: $0.arity > 0 ? "\($0.rawValue)(" : nil)
    }
  }

  private var locals: [(name: String, symbol: Symbol, span: SourceSpan, scope: SourceSpan)] {
    guard let module = program.module(at: offset, in: SourceID(file)) else { return [] }
    return (index.locals[module] ?? []).filter {
      Int($0.span.upper) < offset && $0.scope.range.lowerBound <= offset
        && offset <= $0.scope.range.upperBound
    }
  }

  private var visibleLocals: [Candidate] {
    locals.reversed().map { local in
      let description = program.describe(local.symbol)
      if case .parameter = local.symbol {
        return Candidate(
          local.name, .parameter, detail: description.signature, documentation: description.documentation)
      }
      return Candidate(local.name, .variable, documentation: description.documentation)
    }
  }

  private func modules(_ isWanted: (ModuleSyntax.Keyword) -> Bool) -> [Candidate] {
    let scope = program.names.scopes[file]
    var found: [Candidate] = []
    for name in scope.own.keys.sorted() + scope.imported.keys.sorted() {
      guard case .module(let id)? = scope.own[name] ?? scope.imported[name] else { continue }
      let header = program.names.modules[id]
      guard isWanted(header.keyword) else { continue }
      found.append(candidate(header, as: name))
    }
    return found
  }

  private func candidate(_ header: ModuleHeader, as name: String) -> Candidate {
    let kind: Candidate.Kind =
      switch header.keyword {
      case .cell: .cell
      case .network: .network
      case .space: .space
      }
    return Candidate(
      name, kind, detail: header.signature, documentation: header.syntax.documentation,
      insertion: header.parameters.isEmpty ? nil : "\(name)(")
  }

  private func declared(in file: Int, _ isWanted: (ModuleSyntax.Keyword) -> Bool) -> [Candidate] {
    program.names.modules.filter { $0.file == file && isWanted($0.keyword) && !$0.name.isEmpty }
      .map { candidate($0, as: $0.name) }
  }

  private var usedNames: [Candidate] {
    guard
      let use = tree.root.uses.first(where: {
        $0.span.range.lowerBound < offset && offset <= $0.span.range.upperBound
      }), let target = program.uses[file].first(where: { $0.span == use.span })?.file
    else { return [] }
    return program.names.scopes[target].own.keys.sorted().map { Candidate($0, .cell) }
  }

  private var layers: [Candidate] {
    let primitives = Primitive.all.map {
      Candidate(
        $0.name, .primitive, detail: $0.signature, documentation: $0.documentation,
        insertion: $0.parameters.contains { $0.defaultValue == nil } ? "\($0.name)(" : nil)
    }
    let bound = visibleLocals.filter { candidate in
      guard let local = locals.last(where: { $0.name == candidate.label }) else { return false }
      guard case .parameter(let module, let index) = local.symbol else {
        return !isInput(local.span, of: local.scope)
      }
      let type = program.names.modules[module].parameters[index].type
      return type == .layer || type == .any
    }
    return modules { $0 != .network } + primitives + bound + keywords(["repeat", "if", "sample"])
      + choices.filter { $0.label == "choose" || $0.label == "maybe" }
  }

  private func isInput(_ span: SourceSpan, of scope: SourceSpan) -> Bool {
    guard let module = program.module(at: Int(span.lower), in: span.file) else { return false }
    return program.names.modules[module].syntax.inputs.contains { $0.name?.span == span }
  }

  private var choices: [Candidate] {
    guard let module = program.module(at: offset, in: SourceID(file)),
      program.names.modules[module].keyword == .space
    else { return [] }
    return ["choose", "pick", "some", "maybe"].map {
      let description = program.describe(.choice($0))
      return Candidate(
        $0, .function, detail: description.signature, documentation: description.documentation,
        insertion: "\($0)(")
    }
  }

  private var functions: [Candidate] {
    NumericFunction.allCases.map {
      Candidate(
        $0.rawValue, .function, detail: $0.documentation.signature, documentation: $0.documentation.text,
        insertion: "\($0.rawValue)(")
    }
  }

  private var metrics: [Candidate] {
    Metric.allCases.map { Candidate($0.rawValue, .variable, documentation: $0.documentation) }
  }

  private var values: [Candidate] {
    var found =
      visibleLocals + choices + keywords(["if", "each", "repeat", "not", "true", "false", "peer"]) + functions
    if previous == .requireKeyword || previous == .andKeyword || previous == .orKeyword {
      found = metrics + found
    }
    // Layers are values, too.
    return found + layers
  }

  private var recipes: [Candidate] {
    program.recipeDeclarations.filter { $0.file == file && !$0.name.isEmpty }.map {
      Candidate($0.name, .recipe)
    }
  }

  // MARK: Calls

  private func arguments(of name: Int) -> [Candidate] {
    if endsExpression { return keywords(["then"]) }
    let token = TokenSyntax(tree: tree, index: name)
    let parameters = callParameters(of: token)
    if previous == .colon || (previous != .leftParenthesis && previous != .comma) {
      if previous == .colon, let label = place.argument.label,
        let parameter = parameters.first(where: { $0.name == label })
      {
        return values(of: parameter)
      }
      return place.field == nil ? valuesOrLayers : fieldValues
    }
    let labels = parameters.filter { !place.labels.contains($0.name) }.dropFirst(
      place.labels.isEmpty ? place.argument.position : 0)
    return labels.map {
      Candidate("\($0.name):", .parameter, detail: $0.text, insertion: "\($0.name): ")
    } + (place.field == nil ? values : labels.first.map { values(of: $0) } ?? [])
  }

  private func callParameters(of token: TokenSyntax) -> [CallParameter] {
    program.parameters(ofCallAt: token.span, name: token.name, index: index, field: place.field?.name)
  }

  /// What may be given to a parameter.
  private func values(of parameter: CallParameter) -> [Candidate] {
    switch parameter.argument {
    case nil: values(of: parameter.type)
    case .recipe: recipes
    case .word(let words): words.map { Candidate($0, .value) }
    case .bool: keywords(["true", "false"])
    default: []
    }
  }

  private func values(of type: ValueType) -> [Candidate] {
    switch type {
    case .bool: return keywords(["true", "false"]) + values
    case .padding:
      return ["same", "valid"].map { Candidate($0, .value, documentation: describe(.padding($0))) } + values
    case .kernel: return ["1x1", "3x3", "5x5", "7x7"].map { Candidate($0, .value) } + values
    case .layer: return layers
    case .axis: return ["c", "h", "w"].map { Candidate($0, .value) }
    default: return values
    }
  }

  // MARK: Recipes and searches

  private func fields(isSearch: Bool) -> [Candidate] {
    guard previous == .leftBrace || endsExpression else { return fieldValues }
    let known = isSearch ? SearchForm.fields : RecipeForm.fields
    var found = known.map {
      Candidate(
        $0.name, .field, detail: $0.isRequired ? "required" : nil, documentation: $0.documentation,
        insertion: "\($0.name): ")
    }
    if isSearch { found += keywords(["require"]) }
    found = found.filter { !place.givenFields.contains($0.label) }
    return endsExpression && place.field?.name == "schedule" ? keywords(["then"]) + found : found
  }

  private var fieldValues: [Candidate] {
    guard let field = place.field else { return [] }
    if field.name == "over" { return modules { $0 == .space } }
    if field.name == "expert" { return modules { $0 == .network } }
    if endsExpression { return field.name == "schedule" ? keywords(["then"]) : [] }
    var forms = FieldForm.forms(of: field.name)
    if field.name == "data" { forms = previous == .arrow ? RecipeForm.augmentations : RecipeForm.sources }
    if field.name == "reward", previous == .colon, place.argument.label == nil {
      forms.append(SearchForm.pareto)
    }
    return forms.map {
      Candidate(
        $0.name, .function, detail: $0.signature, documentation: $0.documentation,
        insertion: $0.parameters.isEmpty ? nil : "\($0.name)(")
    }
  }
}

/// A parameter of what is called at a place.
struct CallParameter {
  /// Its name, which is also its label.
  let name: String
  /// Its type; `any` for the parameters of the words of recipes and searches.
  let type: ValueType
  /// What may be given to a parameter of such a word.
  var argument: FieldForm.Argument?
  /// As the manual writes it: `stride = 1`.
  let text: String
}

extension Program {
  /// The parameters of what is called by a name at a span, also in text that does not parse.
  func parameters(ofCallAt span: SourceSpan, name: String, index: NameIndex, field: String?)
    -> [CallParameter]
  {
    switch callee(symbol(ofCallAt: span, name: name, index: index, field: field), in: Int(span.file.index)) {
    case .module(let id)?:
      return names.modules[id].parameters.map { parameter in
        let value = parameter.defaultValue.map { " = \(String($0.text.prefix(40)))" }
        return CallParameter(
          name: parameter.name, type: parameter.type,
          text: parameter.name + (value ?? (parameter.type == .number ? "" : ": \(parameter.type.name)")))
      }
    case .primitive(let id)?:
      return Primitive.all[id].parameters.map { parameter in
        CallParameter(
          name: parameter.name, type: parameter.type,
          text: parameter.name
            + (parameter.defaultValue.map { " = \($0.text)" } ?? ": \(parameter.type.name)"))
      }
    case .form(let field, let name)?:
      return FieldForm.forms(of: field).first { $0.name == name }?.parameters.map { parameter in
        CallParameter(
          name: parameter.name, type: .any, argument: parameter.argument,
          text: "\(parameter.name): \(parameter.text)")
      } ?? []
    default: return []
    }
  }

  /// What the name of a call stands for, also where the text around it is broken.
  private func symbol(ofCallAt span: SourceSpan, name: String, index: NameIndex, field: String?) -> Symbol? {
    if let occurrence = index.occurrence(at: Int(span.lower)), occurrence.span == span {
      return occurrence.symbol
    }
    if let field, FieldForm.forms(of: field).contains(where: { $0.name == name }) {
      return .form(field: field, name: name)
    }
    if case .module(let id)? = names.lookUp(name, in: Int(span.file.index)) { return .module(id) }
    return Primitive.indices[name].map(Symbol.primitive)
  }

  /// What is called around a byte, for signature help: its signature, the texts of its parameters, and the one that the
  /// place gives a value to.
  package func call(around offset: Int, in file: SourceID, index: NameIndex) -> (
    description: SymbolDescription, parameters: [String], active: Int?
  )? {
    guard let tree = tree(of: file) else { return nil }
    let place = CursorPlace(tree, at: offset)
    guard !place.isText, case .call(let name) = place.surroundings else { return nil }
    let token = TokenSyntax(tree: tree, index: name)
    let field = place.field?.name
    let parameters = parameters(ofCallAt: token.span, name: token.name, index: index, field: field)
    guard let symbol = symbol(ofCallAt: token.span, name: token.name, index: index, field: field) else {
      return nil
    }
    var active: Int?
    if let label = place.argument.label {
      active = parameters.firstIndex { $0.name == label }
    } else if place.argument.position < parameters.count {
      active = place.argument.position
    }
    var description = describe(symbol)
    if !parameters.isEmpty {
      description.signature = "\(token.name)(\(parameters.map(\.text).joined(separator: ", ")))"
    }
    return (description, parameters.map(\.text), active)
  }
}
