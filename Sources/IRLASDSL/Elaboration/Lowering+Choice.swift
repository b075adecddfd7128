import IRLASGraph

extension Lowering {
  /// The calls that leave something open.
  static let choices: Set<String> = ["choose", "pick", "some", "maybe"]

  // MARK: Where choices may stand

  /// Whether something may be left open here; notes the place and pushes poison when not.
  func allowsChoice(_ what: String, at place: SourceSpan, _ span: SourceSpan) -> Bool {
    if isSpace { return true }
    firstChoice = firstChoice ?? place
    emit(.constant(.poison), span)
    return false
  }

  /// The message for a cell or network that leaves something open: one for each, however many choices it holds.
  func reportChoice(in header: ModuleHeader, at place: SourceSpan) {
    let word = header.keyword == .network ? "network" : "cell"
    let keyword = header.syntax.node.tokens.first { $0.text == word }?.span
    report(
      Diagnostic(
        .choiceOutsideSpace, "the \(word) `\(header.name)` leaves a decision open; only a space does",
        at: place,
        label: "decided by whoever draws from the space",
        secondary: [.init(header.nameSpan, "declared as a \(word)", style: .secondary)],
        help: [
          .init("make it a space", edits: keyword.map { [.init($0, "space")] } ?? [])
        ]))
  }

  /// Whether an expression is a choice by its form.
  func isChoice(_ expression: ExpressionSyntax) -> Bool {
    switch expression {
    case .call(let call): Self.choices.contains(call.name.name) && find(call.name.name) == nil
    default: false
    }
  }

  /// Whether evaluating or applying the text may decide something: every evaluation then decides for itself.
  func mayDecide(_ node: SyntaxNode) -> Bool {
    guard isSpace else { return false }
    return node.tokenRange.contains { index in
      let token = TokenSyntax(tree: node.tree, index: index)
      switch token.kind {
      case .dotDot, .sampleKeyword: return true
      case .identifier:
        if Self.choices.contains(token.name) { return true }
        guard case .module(let id)? = names.lookUp(token.name, in: file) else { return false }
        return names.modules[id].keyword == .space
      default: return false
      }
    }
  }

  // MARK: Names

  /// What the copies of a `repeat` are called: as the layer that is repeated.
  func name(ofRepeated body: ExpressionSyntax) -> String {
    switch body {
    case .call(let call): call.name.name
    case .name(let name): name.name
    case .parenthesized(let inner):
      if case .chain(let chain) = inner.expression, let first = chain.links.first,
        let name = Self.simpleName(of: first)
      {
        name
      } else {
        "repeat"
      }
    default: "repeat"
    }
  }

  private static func simpleName(of expression: ExpressionSyntax) -> String? {
    switch expression {
    case .call(let call): call.name.name
    case .name(let name): name.name
    default: nil
    }
  }

  /// The name of a decision of the given kind in its context; a second one there gets a number.
  private func decisionPath(_ context: Context, suffix: String?) -> DecisionPath {
    var path = context.path
    if let suffix { path.parts.append(.name(suffix)) }
    return unique(path)
  }

  private func unique(_ path: DecisionPath) -> DecisionPath {
    var candidate = path
    var number = 2
    while !decisionNames.insert(candidate).inserted {
      candidate = path
      candidate.parts.append(.name("\(number)"))
      number += 1
    }
    return candidate
  }

  /// The context of the copies of a `repeat`; a second one of the same name gets a number.
  func group(_ name: String, _ context: Context) -> Context {
    var number = 1
    var inner = context.named(name)
    while !decisionNames.insert(inner.path).inserted {
      number += 1
      inner = context.named("\(name)\(number)")
    }
    return inner
  }

  /// The name of an application of a space.
  func applicationPath(_ name: String, _ context: Context) -> DecisionPath {
    var path = context.path
    // `repeat 3 Block` is called after its layer already.
    let names = path.parts.compactMap { if case .name(let name) = $0 { name } else { nil } }
    guard names.last.map({ $0.hasPrefix(name) }) != true else { return path }
    path.parts.append(.name(name))
    return unique(path)
  }

  // MARK: Choices

  /// Lowers `choose(...)`, `pick(...)`, `some(...)` and `maybe(...)`.
  func lowerChoice(
    _ name: String, _ nameSpan: SourceSpan, _ arguments: [ArgumentSyntax]?, _ span: SourceSpan,
    _ context: Context
  ) {
    guard allowsChoice("`\(name)` is a choice", at: nameSpan, span) else {
      // What the arguments read counts as used all the same.
      schedule { sequence in
        for argument in arguments ?? [] {
          sequence.value(argument.value, Context())
          sequence.emit(.pop, argument.span)
        }
      }
      return
    }
    var odds: ExpressionSyntax?
    var options: [ArgumentSyntax] = []
    for argument in arguments ?? [] {
      if name == "choose", argument.label?.name == "odds" {
        odds = argument.value
      } else {
        options.append(argument)
      }
    }
    guard !options.isEmpty else {
      return fail(
        Diagnostic(
          .invalidChoice, "`\(name)` has nothing to choose from", at: span, label: "no options",
          help: [.init("list them: \(name)(a, b)")]), span)
    }
    if name == "maybe", options.count > 1 {
      return fail(
        Diagnostic(
          .invalidChoice, "`maybe` takes one layer", at: options[1].span, label: "a second one",
          help: [.init("choose(a, b, identity) chooses among several")]), span)
    }
    if name == "pick" || name == "some" {
      if let labelled = options.first(where: { $0.label != nil }) {
        return fail(
          Diagnostic(
            .unknownArgument, "what `\(name)` chooses from has no labels",
            at: labelled.label?.span ?? labelled.span,
            label: "`\(name)` takes tensors and lists"), span)
      }
      return lowerElementChoice(name == "pick" ? .pick : .some, options.map(\.value), span, context)
    }
    var seen: [String: SourceSpan] = [:]
    for option in options {
      guard let label = option.label else { continue }
      if let earlier = seen[label.name] {
        report(
          Diagnostic(
            .duplicateArgument, "two options are called `\(label.name)`", at: label.span, label: "again here",
            secondary: [.init(earlier, "first here", style: .secondary)]))
      }
      seen[label.name] = label.span
    }
    lowerOptions(options, addsIdentity: name == "maybe", odds, span, context)
  }

  /// One of several expressions. Names and attributes are evaluated beforehand, as they may be lists, whose elements are
  /// options of their own; of the rest only the option that is taken is evaluated.
  private func lowerOptions(
    _ arguments: [ArgumentSyntax], addsIdentity: Bool, _ odds: ExpressionSyntax?, _ span: SourceSpan,
    _ context: Context
  ) {
    let end = newLabel()
    let path = decisionPath(context, suffix: nil)
    var inner = context
    inner.endsOptionLater = false
    inner.isLink = false
    var options: [ChoiceSite.Option] = []
    for argument in arguments {
      let label = argument.label?.name ?? Self.shortText(argument.value)
      options.append(
        .init(
          label: label, slot: isValueAlready(argument.value) ? newSlot() : nil, code: newLabel(),
          span: argument.value.span))
    }
    let identity = addsIdentity ? newLabel() : nil
    if let identity { options.append(.init(label: "identity", slot: nil, code: identity, span: span)) }
    let oddsSlot = odds == nil ? nil : newSlot()
    let site = add(
      ChoiceSite(
        kind: .choose, path: path, options: options, slots: [], names: [], oddsSlot: oddsSlot, end: end))
    schedule { sequence in
      for (argument, option) in zip(arguments, options) {
        guard let slot = option.slot else { continue }
        sequence.value(argument.value, inner)
        sequence.emit(.store(slot), argument.span)
      }
      if let odds, let oddsSlot {
        sequence.value(odds, inner)
        sequence.emit(.store(oddsSlot), odds.span)
      }
      sequence.emit(.decide(site: site), span)
      sequence.emit(.resolve(site: site), span)
      for (argument, option) in zip(arguments, options) where option.slot == nil {
        var optionContext = context.named(argument.label?.name ?? option.label)
        optionContext.endsOptionLater = false
        sequence.place(option.code)
        sequence.value(argument.value, optionContext)
        sequence.emit(.jump(label: end), argument.span)
      }
      if let identity, let index = Primitive.indices["identity"] {
        sequence.place(identity)
        sequence.emit(
          .constant(
            .layer(LayerValue(.primitive(index, []), name: "identity", span: span))), span)
        // Every option ends by a jump: where all are evaluated, that is where the next one begins.
        sequence.emit(.jump(label: end), span)
      }
      sequence.place(end)
      if !context.endsOptionLater { sequence.emit(.endOption, span) }
    }
  }

  /// Whether an option names a value that exists already.
  private func isValueAlready(_ expression: ExpressionSyntax) -> Bool {
    switch expression {
    case .name(let name): find(name.name) != nil
    case .postfix: true
    default: false
    }
  }

  /// An option without a label is called after its text, as far as it is short.
  private static func shortText(_ expression: ExpressionSyntax) -> String {
    if let name = simpleName(of: expression) { return name }
    let text = expression.text
    return text.utf8.count <= 24 && !text.contains("\n") ? text : String(text.prefix(20)) + "..."
  }

  private func lowerElementChoice(
    _ kind: ChoiceSite.Kind, _ values: [ExpressionSyntax], _ span: SourceSpan, _ context: Context
  ) {
    var inner = context
    inner.isLink = false
    inner.endsOptionLater = false
    // A choice that is all of a binding is called after it.
    let path = decisionPath(context, suffix: context.isWholeBinding ? nil : "input")
    let slot = newSlot()
    let site = add(
      ChoiceSite(
        kind: kind, path: path, options: [], slots: [slot], names: values.map(\.text), oddsSlot: nil,
        end: newLabel()))
    schedule { sequence in
      for value in values { sequence.value(value, inner) }
      // Kept apart, so that elements can be named after the arguments they come from.
      sequence.emit(.collect(count: values.count, splices: false), span)
      sequence.emit(.store(slot), span)
      sequence.emit(.decide(site: site), span)
      sequence.emit(.resolve(site: site), span)
    }
  }

  /// `a..b` as a value: one of the integers.
  func lowerRange(_ view: RangeSyntax, _ context: Context) {
    lowerRange(view.lower, view.upper, view.span, context)
  }

  /// See `lowerRange(_:_:)`.
  func lowerRange(
    _ lower: ExpressionSyntax, _ upper: ExpressionSyntax, _ span: SourceSpan, _ context: Context
  ) {
    guard allowsChoice("a range is a choice", at: span, span) else { return }
    let path = decisionPath(context, suffix: nil)
    let slots = [newSlot(), newSlot()]
    let site = add(
      ChoiceSite(
        kind: .range, path: path, options: [], slots: slots, names: [], oddsSlot: nil, end: newLabel()))
    schedule { sequence in
      sequence.value(lower, context)
      sequence.emit(.store(slots[0]), lower.span)
      sequence.value(upper, context)
      sequence.emit(.store(slots[1]), upper.span)
      sequence.emit(.decide(site: site), span)
      sequence.emit(.resolve(site: site), span)
    }
  }

  /// `sample X`.
  func lowerSample(_ view: SampleSyntax, _ context: Context) {
    guard allowsChoice("`sample` draws from a space", at: view.span, view.span) else { return }
    var path = context.path
    if path.parts.isEmpty { path.parts.append(.name(Self.simpleName(of: view.space) ?? "sample")) }
    let index = add(unique(path))
    schedule { sequence in
      sequence.value(view.space, context)
      sequence.emit(.sample(path: index), view.span)
    }
  }
}
