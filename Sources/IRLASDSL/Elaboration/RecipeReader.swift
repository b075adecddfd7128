import IRLASGraph

/// Reads the fields of recipes and searches; what cannot be read is reported and left at its default.
struct RecipeReader {
  /// The program whose names values may use.
  let program: Program
  /// The file whose scope the values are read in.
  let file: Int
  private(set) var diagnostics: [Diagnostic] = []

  /// Reads in the scope of a file.
  init(program: Program, file: Int) {
    self.program = program
    self.file = file
  }

  /// Adds a message.
  mutating func report(_ diagnostic: Diagnostic) { diagnostics.append(diagnostic) }

  // MARK: Values

  /// The value of an expression without tensors; nil after a report.
  private mutating func value(_ expression: ExpressionSyntax) -> Value? {
    let (code, problems) = Lowering.lower(value: expression, names: program.names, file: file)
    diagnostics += problems
    guard problems.isEmpty else { return nil }
    let machine = Machine(names: program.names, codes: program.codes, limits: program.limits, assembly: nil)
    let value = machine.evaluate(code)
    diagnostics += machine.diagnostics
    return value.isPoison || !machine.diagnostics.isEmpty ? nil : value
  }

  /// The value of an argument, as what it may be; nil after a report.
  mutating func argument(
    _ expression: ExpressionSyntax, _ argument: RecipeForm.Argument, _ name: String
  )
    -> Value?
  {
    switch argument {
    case .word(let words):
      if case .name(let word) = expression, words.contains(word.name) { return .string(word.name) }
      var near: String?
      if case .name(let word) = expression { near = nearest(to: word.name, among: words) }
      diagnostics.append(
        Diagnostic(
          .invalidField, "`\(name)` is \(argument.name)", at: expression.span,
          label: near.map { "did you mean `\($0)`?" } ?? "not one of them",
          help: near.map { [.init("write `\($0)`", edits: [.init(expression.span, $0)])] } ?? []))
      return nil
    case .recipe:
      guard case .name(let word) = expression else { break }
      if case .recipe? = program.names.lookUp(word.name, in: file) { return .string(word.name) }
      let near = nearest(to: word.name, among: program.recipes)
      diagnostics.append(
        Diagnostic(
          .unknownName, "no recipe named `\(word.name)`", at: expression.span,
          label: near.map { "did you mean `\($0)`?" } ?? "not known here",
          help: near.map { [.init("write `\($0)`", edits: [.init(expression.span, $0)])] } ?? []))
      return nil
    default: break
    }
    if case .output = argument {
      if case .name(let output) = expression { return .string(output.name) }
      diagnostics.append(
        Diagnostic(
          .invalidField, "`\(name)` is \(argument.name)", at: expression.span,
          label: "for example `of: logits`, where the network says `return logits: x`"))
      return nil
    }
    guard let value = value(expression) else { return nil }
    if let accepted = argument.accept(value) { return accepted }
    diagnostics.append(
      Diagnostic(
        .invalidField, "`\(name)` is \(argument.name)", at: expression.span,
        label: "this is \(value.kindDescription)"))
    return nil
  }

  /// A word of one of the given forms with its arguments by parameter, defaults filled in; nil after a report.
  mutating func form(_ expression: ExpressionSyntax, of forms: [RecipeForm], _ what: String) -> (
    name: String, values: [Value?]
  )? {
    let name: String
    let nameSpan: SourceSpan
    var arguments: [ArgumentSyntax] = []
    switch expression {
    case .missing: return nil
    case .parenthesized(let inner) where inner.expression.node.kind != .parenthesized:
      return form(inner.expression, of: forms, what)
    case .name(let view): (name, nameSpan) = (view.name, view.span)
    case .call(let view): (name, nameSpan, arguments) = (view.name.name, view.name.span, view.arguments)
    default:
      diagnostics.append(
        Diagnostic(
          .invalidField, "this is no \(what)", at: expression.span,
          label: choices(forms)))
      return nil
    }
    guard let form = forms.first(where: { $0.name == name }) else {
      let near = nearest(to: name, among: forms.map(\.name))
      diagnostics.append(
        Diagnostic(
          .invalidField, "no \(what) named `\(name)`", at: nameSpan,
          label: near.map { "did you mean `\($0)`?" }
            ?? choices(forms),
          help: near.map { [.init("write `\($0)`", edits: [.init(nameSpan, $0)])] } ?? []))
      return nil
    }
    return values(of: form, arguments, expression.span).map { (form.name, $0) }
  }

  private func choices(_ forms: [RecipeForm]) -> String {
    forms.count == 1
      ? "there is only `\(forms[0].name)`" : "there are \(forms.map(\.name).joined(separator: ", "))"
  }

  private mutating func values(of form: RecipeForm, _ arguments: [ArgumentSyntax], _ span: SourceSpan)
    -> [Value?]?
  {
    var values = [Value?](repeating: nil, count: form.parameters.count)
    var given: Set<Int> = []
    var position = 0
    var failed = false
    for view in arguments {
      let label = view.label?.name
      let target = label.map { name in form.parameters.firstIndex { $0.name == name } } ?? position
      if label == nil { position += 1 }
      guard let target, target < form.parameters.count else {
        let near = label.flatMap { nearest(to: $0, among: form.parameters.map(\.name)) }
        let place = view.label?.span ?? view.span
        diagnostics.append(
          Diagnostic(
            label == nil ? .tooManyArguments : .unknownArgument,
            label.map { "`\(form.name)` has no parameter `\($0)`" }
              ?? "`\(form.name)` has \(counted(form.parameters.count, "parameter"))",
            at: place, label: near.map { "did you mean `\($0)`?" } ?? "", notes: ["it is \(form.signature)"],
            help: near.map { [.init("write `\($0)`", edits: [.init(place, $0)])] } ?? []))
        failed = true
        continue
      }
      guard given.insert(target).inserted else {
        diagnostics.append(
          Diagnostic(.duplicateArgument, "`\(form.parameters[target].name)` is given twice", at: view.span))
        failed = true
        continue
      }
      values[target] = argument(view.value, form.parameters[target].argument, form.parameters[target].name)
      if values[target] == nil { failed = true }
    }
    for (index, parameter) in form.parameters.enumerated() where !given.contains(index) {
      values[index] = parameter.defaultValue
      if parameter.defaultValue == nil, !parameter.isOptional {
        diagnostics.append(
          Diagnostic(
            .missingArgument, "`\(form.name)` needs `\(parameter.name)`", at: span,
            label: "\(parameter.name): \(parameter.argument.name)"))
        failed = true
      }
    }
    return failed ? nil : values
  }

  // MARK: Fields

  /// A whole number of the given range.
  mutating func int(_ field: FieldSyntax, _ name: String, _ range: ClosedRange<Int>) -> Int? {
    guard case .integer(let number)? = argument(field.value, .int(range), name) else { return nil }
    return number
  }

  /// `cifar10("folder", validation: 5000) -> pad(4) -> ...`
  mutating func data(_ field: FieldSyntax) -> (Recipe.DataSource, [Recipe.Augmentation])? {
    var links = [field.value]
    if case .chain(let chain) = field.value { links = chain.links }
    var source: Recipe.DataSource?
    if let (name, values) = form(links[0], of: RecipeForm.sources, "data source"),
      let format = Recipe.DataSource.Format(rawValue: name)
    {
      var folder: String?
      if case .string(let text)? = values[0] { folder = text }
      source = Recipe.DataSource(format: format, folder: folder, validation: values[1].int)
    }
    var steps: [Recipe.Augmentation] = []
    var normalized: SourceSpan?
    for link in links.dropFirst() {
      guard let (name, values) = form(link, of: RecipeForm.augmentations, "augmentation") else {
        source = nil
        continue
      }
      switch name {
      case "pad": steps.append(.pad(values[0].int))
      case "crop": if case .kernel(let size)? = values[0] { steps.append(.crop(size)) }
      case "flip": steps.append(.flip)
      case "shift": steps.append(.shift(values[0].int))
      case "cutout": steps.append(.cutout(values[0].int))
      default:
        if let normalized {
          diagnostics.append(
            Diagnostic(
              .invalidField, "the images are normalized twice", at: link.span, label: "again here",
              secondary: [.init(normalized, "first here", style: .secondary)]))
        }
        normalized = link.span
        steps.append(.normalize)
      }
    }
    return source.map { ($0, steps) }
  }

  /// `cross_entropy(smoothing: 0.1)`, `cross_entropy(of: logits) + 0.4 * cross_entropy(of: early)`
  mutating func loss(_ field: FieldSyntax) -> Recipe.Loss? {
    var operands = [field.value]
    if case .operation(let sum) = field.value, sum.family == .sum {
      operands = sum.operands
      for sign in sum.operators where sign.kind != .plus {
        diagnostics.append(
          Diagnostic(.invalidField, "a loss is a sum", at: sign.span, label: "terms are added only"))
        return nil
      }
    }
    let terms = operands.map { lossTerm($0) }
    return terms.contains(nil) ? nil : Recipe.Loss(terms.compactMap { $0 })
  }

  private static func isLoss(_ expression: ExpressionSyntax) -> Bool {
    switch expression {
    case .name(let view): RecipeForm.losses.contains { $0.name == view.name }
    case .call(let view): RecipeForm.losses.contains { $0.name == view.name.name }
    default: false
    }
  }

  /// `cross_entropy(of: logits)`, with a weight before it.
  private mutating func lossTerm(_ expression: ExpressionSyntax) -> Recipe.Loss.Term? {
    var (weight, loss) = (1.0, expression)
    if case .operation(let product) = expression, product.family == .product {
      guard product.operands.count == 2, product.operators.first?.kind == .star,
        !Self.isLoss(product.operands[0])
      else {
        diagnostics.append(
          Diagnostic(
            .invalidField, "a term of a loss is a loss, or a weight times a loss", at: expression.span,
            label: "for example 0.4 * cross_entropy(of: early)"))
        return nil
      }
      let range = RecipeForm.Argument.float(0...1e6, excludesLower: true)
      guard case .float(let number)? = argument(product.operands[0], range, "the weight of a loss") else {
        return nil
      }
      (weight, loss) = (number, product.operands[1])
    }
    guard let (_, values) = form(loss, of: RecipeForm.losses, "loss") else { return nil }
    var output: String?
    if case .string(let name)? = values[0] { output = name }
    return Recipe.Loss.Term(weight: weight, output: output, smoothing: values[1].float)
  }

  /// `sgd(lr: 0.1, momentum: 0.9)`
  mutating func optimizer(_ field: FieldSyntax) -> Recipe.Optimizer? {
    guard let (_, values) = form(field.value, of: RecipeForm.optimizers, "optimizer") else { return nil }
    var nesterov = false
    if case .boolean(let value)? = values[2] { nesterov = value }
    if nesterov, values[1].float == 0 {
      diagnostics.append(
        Diagnostic(
          .invalidField, "Nesterov's momentum needs a momentum", at: field.value.span,
          label: "`momentum` is 0 here", help: [.init("momentum: 0.9 is usual")]))
      return nil
    }
    return .sgd(
      learningRate: values[0].float, momentum: values[1].float, nesterov: nesterov, decay: values[3].float)
  }

  /// `warmup(epochs: 5) then cosine`
  mutating func schedule(_ field: FieldSyntax) -> [Recipe.SchedulePhase]? {
    var parts = [field.value]
    if case .then(let then) = field.value { parts = then.parts }
    var phases: [Recipe.SchedulePhase] = []
    var failed = false
    for (index, part) in parts.enumerated() {
      guard let (name, values) = form(part, of: RecipeForm.schedules, "schedule") else {
        failed = true
        continue
      }
      let isLast = index == parts.count - 1
      if (name == "warmup") == isLast {
        diagnostics.append(
          isLast
            ? Diagnostic(
              .invalidField, "a warm-up leads to another phase", at: part.span, label: "nothing follows",
              help: [
                .init(
                  "for example warmup(epochs: 5) then cosine", edits: [.init(part.span.end, " then cosine")],
                  isOneOfSeveral: true)
              ])
            : Diagnostic(
              .invalidField, "`\(name)` lasts to the end of the training", at: part.span,
              label: "nothing can follow"))
        failed = true
      }
      switch name {
      case "cosine": phases.append(.cosine)
      case "warmup": phases.append(.warmup(epochs: values[0].int))
      case "step":
        var epochs: [Int] = []
        if case .list(let list)? = values[0] { epochs = list.integers ?? [] }
        phases.append(.step(epochs: epochs, factor: values[1].float))
      default: phases.append(.constant)
      }
    }
    return failed ? nil : phases
  }
}

extension Value? {
  fileprivate var int: Int { if case .integer(let value)? = self { value } else { 0 } }
  fileprivate var float: Double { self?.number ?? 0 }
}
