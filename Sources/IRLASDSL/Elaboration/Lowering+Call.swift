import IRLASGraph

extension Lowering {
  /// The parameters that a call fills: those of a cell or a primitive.
  private struct Signature {
    let name: String
    let parameters: [(name: String, isRequired: Bool)]
    /// Where it is declared; nil for primitives.
    let span: SourceSpan?
    /// How messages write it.
    let rendered: () -> String
  }

  // MARK: Names

  /// Lowers a lone name.
  func lowerName(_ view: NameSyntax, _ context: Context) {
    lowerReference(view.name, nameSpan: view.span, arguments: nil, span: view.span, context)
  }

  /// Lowers a name with arguments.
  func lowerCall(_ view: CallSyntax, _ context: Context) {
    lowerReference(
      view.name.name, nameSpan: view.name.span, arguments: view.arguments, span: view.span, context)
  }

  /// A name with or without arguments. What stands nearest wins: bindings, declarations, then the language's own.
  private func lowerReference(
    _ name: String, nameSpan: SourceSpan, arguments: [ArgumentSyntax]?, span: SourceSpan, _ context: Context
  ) {
    if let local = use(name) {
      guard let arguments else { return emit(.local(local.slot), span) }
      return lowerPartial(name, local, arguments, span, context)
    }
    switch names.lookUp(name, in: file) {
    case .module(let id)?:
      return lowerModule(id, nameSpan: nameSpan, arguments: arguments ?? [], span: span, context)
    case .recipe?, .search?:
      return fail(
        Diagnostic(
          .unknownLayer, "`\(name)` is no layer", at: nameSpan, label: "a recipe or search cannot stand here"),
        span)
    case nil: break
    }
    // `abs` is both: a layer by itself, a function with arguments.
    if let index = Primitive.indices[name], arguments == nil || NumericFunction(rawValue: name) == nil {
      return lowerPrimitive(index, arguments ?? [], span, context)
    }
    if let function = NumericFunction(rawValue: name) {
      return lowerFunction(function, arguments, nameSpan: nameSpan, span: span, context)
    }
    if arguments == nil, name == "same" { return emit(.constant(.padding(.same)), span) }
    if arguments == nil, name == "valid" { return emit(.constant(.padding(.valid)), span) }
    if Self.choices.contains(name) {
      return lowerChoice(name, nameSpan, arguments, span, context)
    }
    if laterNames[name] != nil { earlyNames.insert(name) }
    // A name that a file would have brought, or a binding that could not be read, is not reported again; and
    // nothing is looked up for a message that would be dropped.
    if doubtfulNames.contains(name) || budget.messages <= 0
      || (laterNames[name] == nil && names.scopes[file].hasFailedUse)
    {
      return emit(.constant(.poison), span)
    }
    fail(unknown(name, at: nameSpan, isLayer: context.isLink || arguments != nil), span)
  }

  /// Whether a name means something here.
  func isKnown(_ name: String) -> Bool {
    find(name) != nil || names.lookUp(name, in: file) != nil || Primitive.indices[name] != nil
      || NumericFunction(rawValue: name) != nil || Self.choices.contains(name)
      || name == "same" || name == "valid"
  }

  /// The names of cells that the file sees, found once for all messages.
  private var moduleNames: [String] {
    if let known = budget.moduleNames[file] { return known }
    let found = names.moduleNames(in: file)
    budget.moduleNames[file] = found
    return found
  }

  /// A layer of the language with its arguments.
  func lowerPrimitive(
    _ index: Int, _ arguments: [ArgumentSyntax], _ span: SourceSpan, _ context: Context
  ) {
    let primitive = Primitive.all[index]
    let signature = Signature(
      name: primitive.name, parameters: primitive.parameters.map { ($0.name, $0.defaultValue == nil) },
      span: nil, rendered: { primitive.signature })
    lowerArguments(.primitive(index), signature, arguments, span, context)
  }

  /// The message for a name that nothing declares.
  private func unknown(_ name: String, at span: SourceSpan, isLayer: Bool) -> Diagnostic {
    if let later = laterNames[name] {
      return Diagnostic(
        .unknownName, "`\(name)` is used before it is bound", at: span, label: "not known here yet",
        secondary: [.init(later, "bound here", style: .secondary)])
    }
    let code: DiagnosticCode = isLayer ? .unknownLayer : .unknownName
    let kind = isLayer ? "layer" : "value"
    if names.scopes[file].files["std"] == nil {
      let match = names.scopes[names.standardFile].own[name] == nil ? nil : name
      if let near = match
        ?? (self.near(name, Primitive.all.map(\.name) + moduleNames + visibleNames) == nil
          ? self.near(name, names.standardNames) : nil)
      {
        let label =
          match == nil
          ? "did you mean `\(near)`? it is in `std`, which this file does not use"
          : "it is in `std`, which this file does not use"
        var edits = names.scopes[file].useOfStandard.map { [$0] } ?? []
        if match == nil { edits.append(.init(span, near)) }
        return Diagnostic(
          code, "no \(kind) named `\(name)`", at: span, label: label,
          help: [.init("add `use std`", edits: edits)])
      }
    }
    let own = Primitive.all.map(\.name) + NumericFunction.allCases.map(\.rawValue) + ["same", "valid"]
    let foreign = isLayer ? counterpart(of: name) : nil
    let isKnown = foreign.map { name in
      Primitive.all.contains { $0.name == name } || moduleNames.contains(name)
    }
    guard let near = isKnown == true ? foreign : self.near(name, visibleNames + own + moduleNames) else {
      return Diagnostic(code, "no \(kind) named `\(name)`", at: span, label: "not known here")
    }
    return Diagnostic(
      code, "no \(kind) named `\(name)`", at: span, label: "did you mean `\(near)`?",
      help: [.init("write `\(near)`", edits: [.init(span, near)])])
  }

  // MARK: Calls

  /// A cell or space with its arguments.
  func lowerModule(
    _ id: Int, nameSpan: SourceSpan, arguments: [ArgumentSyntax], span: SourceSpan, _ context: Context
  ) {
    let header = names.modules[id]
    switch header.keyword {
    case .cell: break
    case .space: guard allowsChoice("`\(header.name)` is a space", at: nameSpan, span) else { return }
    case .network:
      return fail(
        Diagnostic(
          .unknownLayer, "the network `\(header.name)` is no layer", at: nameSpan,
          label: "networks stand alone",
          secondary: [.init(header.nameSpan, "declared here", style: .secondary)],
          help: [.init("make it a cell to use it inside another network")]), span)
    }
    noteReference(id, nameSpan)
    let signature = Signature(
      name: header.name, parameters: header.parameters.map { ($0.name, $0.defaultValue == nil) },
      span: header.nameSpan, rendered: { header.signature })
    lowerArguments(.module(id), signature, arguments, span, context)
  }

  /// Matches arguments with parameters and schedules their values and the call.
  private func lowerArguments(
    _ callee: CallSite.Callee, _ signature: Signature, _ arguments: [ArgumentSyntax], _ span: SourceSpan,
    _ context: Context
  ) {
    var inner = context
    inner.isLink = false
    inner.isWholeBinding = false
    var given: [Int: SourceSpan] = [:]
    var targets: [Int] = []
    var labels: [String?] = []
    var spans: [SourceSpan] = []
    var wholes: [SourceSpan] = []
    var failed = false
    var position = 0
    var indices: [String: Int] = [:]
    if !arguments.isEmpty {
      for (index, parameter) in signature.parameters.enumerated() {
        indices[parameter.name] = indices[parameter.name] ?? index
      }
    }
    for argument in arguments {
      let label = argument.label?.name
      let target: Int
      if let label {
        guard let index = indices[label] else {
          report(unknownArgument(label, argument, signature))
          failed = true
          continue
        }
        target = index
      } else {
        guard position < signature.parameters.count else {
          if !failed {
            report(tooMany(arguments.filter { $0.label == nil }.count, argument, signature))
          }
          failed = true
          continue
        }
        target = position
        position += 1
      }
      if let earlier = given[target] {
        report(
          Diagnostic(
            .duplicateArgument, "`\(signature.parameters[target].name)` is given twice", at: argument.span,
            label: "again here", secondary: [.init(earlier, "first here", style: .secondary)]))
        failed = true
        continue
      }
      given[target] = argument.span
      targets.append(target)
      labels.append(label)
      spans.append(argument.value.span)
      wholes.append(argument.span)
    }
    var described = CallSite(
      callee: callee, name: signature.name, labels: labels, parameters: targets, argumentSpans: spans,
      wholeSpans: wholes, peerSlot: context.peerSlot)
    if isSpace, case .module(let id) = callee, names.modules[id].keyword == .space {
      described.path = applicationPath(signature.name, context)
    }
    let site = add(described)
    let values = arguments.map(\.value)
    schedule { sequence in
      if failed {
        // The values are lowered all the same, for their own messages and uses.
        for value in values {
          sequence.value(value, inner)
          sequence.emit(.pop, value.span)
        }
        sequence.emit(.constant(.poison), span)
        return
      }
      for (value, target) in zip(values, targets) {
        if case .primitive(let index) = callee, Primitive.all[index].parameters[target].type == .axis {
          sequence.run { $0.lowerAxis(value) }
        } else {
          sequence.value(value, isSpace ? inner.named(signature.parameters[target].name) : inner)
        }
      }
      sequence.emit(.call(site: site), span)
    }
  }

  /// The axis of `concat(axis: h)`: a letter, not a name of the program.
  private func lowerAxis(_ value: ExpressionSyntax) {
    if case .name(let name) = value, let axis = Axis(letter: name.name) {
      return emit(.constant(.axis(axis)), value.span)
    }
    fail(
      Diagnostic(
        .typeMismatch, "`concat` joins along c, h or w", at: value.span, label: "not one of the three axes"),
      value.span)
  }

  private func unknownArgument(_ label: String, _ argument: ArgumentSyntax, _ signature: Signature)
    -> Diagnostic
  {
    let span = argument.label?.span ?? argument.span
    let near = self.near(label, signature.parameters.map(\.name))
    var secondary: [Diagnostic.Label] = []
    if let place = signature.span { secondary.append(.init(place, "declared here", style: .secondary)) }
    return Diagnostic(
      .unknownArgument, "`\(signature.name)` has no parameter `\(label)`", at: span,
      label: near.map { "did you mean `\($0)`?" } ?? "", secondary: secondary,
      notes: ["it is \(signature.rendered())"],
      help: near.map { [.init("write `\($0)`", edits: [.init(span, $0)])] } ?? [])
  }

  private func tooMany(_ count: Int, _ argument: ArgumentSyntax, _ signature: Signature) -> Diagnostic {
    let limit = signature.parameters.count
    return Diagnostic(
      .tooManyArguments,
      limit == 0
        ? "`\(signature.name)` has no parameters"
        : "`\(signature.name)` has \(counted(limit, "parameter")), not \(count)",
      at: argument.span, label: limit == 0 ? "nothing to set" : "one too many",
      secondary: signature.span.map { [.init($0, "declared here", style: .secondary)] } ?? [],
      notes: limit == 0 ? [] : ["it is \(signature.rendered())"])
  }

  private func lowerPartial(
    _ name: String, _ local: Local, _ arguments: [ArgumentSyntax], _ span: SourceSpan, _ context: Context
  ) {
    var inner = context
    inner.isLink = false
    inner.isWholeBinding = false
    let site = add(
      CallSite(
        callee: .local(local.slot), name: name, labels: arguments.map { $0.label?.name }, parameters: [],
        argumentSpans: arguments.map(\.value.span), wholeSpans: arguments.map(\.span),
        peerSlot: context.peerSlot))
    schedule { sequence in
      for argument in arguments {
        sequence.value(argument.value, argument.label.map { inner.named($0.name) } ?? inner)
      }
      sequence.emit(.call(site: site), span)
    }
  }

  private func lowerFunction(
    _ function: NumericFunction, _ arguments: [ArgumentSyntax]?, nameSpan: SourceSpan, span: SourceSpan,
    _ context: Context
  ) {
    var inner = context
    inner.isLink = false
    inner.isWholeBinding = false
    guard let arguments else {
      return fail(
        Diagnostic(
          .typeMismatch, "`\(function.rawValue)` is a function of numbers, not a layer", at: nameSpan,
          label: "it needs its arguments", notes: ["it is \(function.documentation.signature)"]), span)
    }
    if let labelled = arguments.first(where: { $0.label != nil }) {
      report(
        Diagnostic(
          .unknownArgument, "the arguments of `\(function.rawValue)` have no labels",
          at: labelled.label?.span ?? labelled.span, notes: ["it is \(function.documentation.signature)"]))
      return emit(.constant(.poison), span)
    }
    guard function.arity.contains(arguments.count) else {
      let code: DiagnosticCode =
        arguments.count < function.arity.lowerBound ? .missingArgument : .tooManyArguments
      return fail(
        Diagnostic(
          code, "`\(function.rawValue)` does not take \(counted(arguments.count, "argument"))", at: span,
          notes: ["it is \(function.documentation.signature)"]), span)
    }
    schedule { sequence in
      for argument in arguments { sequence.value(argument.value, inner) }
      sequence.emit(.function(function, count: arguments.count), span)
    }
  }
}

/// `1 tensor`, `2 tensors`.
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

extension ModuleHeader {
  /// The module as messages write it: `Bottleneck(out, width, groups = 1)`.
  var signature: String {
    if parameters.isEmpty { return name }
    let list = parameters.map { parameter in
      guard let value = parameter.defaultValue else {
        return parameter.type == .number ? parameter.name : "\(parameter.name): \(parameter.type.name)"
      }
      return "\(parameter.name) = \(String(value.text.prefix(40)))"
    }
    return "\(name)(\(list.joined(separator: ", ")))"
  }
}
