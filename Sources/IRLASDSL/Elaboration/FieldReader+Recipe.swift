import IRLASGraph

extension FieldReader {
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
          report(
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
        report(
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
        report(
          Diagnostic(
            .invalidField, "a term of a loss is a loss, or a weight times a loss", at: expression.span,
            label: "for example 0.4 * cross_entropy(of: early)"))
        return nil
      }
      let range = FieldForm.Argument.float(0...1e6, excludesLower: true)
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
      report(
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
        report(
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
