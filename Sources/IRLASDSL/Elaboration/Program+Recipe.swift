package import IRLASGraph

extension Program {
  /// The recipe of that name that the entry file declares or uses.
  ///
  /// - Returns: the recipe, or nil with at least one error.
  package func recipe(named name: String) -> (recipe: Recipe?, diagnostics: [Diagnostic]) {
    if case .recipe(let index)? = names.lookUp(name, in: 0) { return recipe(recipeDeclarations[index]) }
    let near = nearest(to: name, among: recipes)
    return (
      nil,
      [
        Diagnostic(
          .unknownName, "this file has no recipe named `\(name)`", at: SourceSpan(file: SourceID(0), 0..<0),
          label: near.map { "did you mean `\($0)`?" } ?? "",
          notes: [recipes.isEmpty ? "it has no recipe at all" : "it has \(recipes.joined(separator: ", "))"])
      ]
    )
  }

  /// A field with the file that gives it.
  private struct Field {
    let syntax: FieldSyntax
    let file: Int
  }

  /// The value of a recipe with everything it amends.
  func recipe(_ declaration: RecipeDeclaration) -> (Recipe?, [Diagnostic]) {
    var diagnostics: [Diagnostic] = []
    guard let fields = fields(of: declaration, &diagnostics) else { return (nil, diagnostics) }
    let misspelt = misspeltFields(of: declaration)
    let missing = RecipeForm.fields.map(\.name).filter { name in
      RecipeForm.fields.contains { $0.name == name && $0.isRequired } && fields[name] == nil
        && !misspelt.contains(name)
    }
    if !missing.isEmpty {
      diagnostics.append(
        Diagnostic(
          .missingField,
          "the recipe `\(declaration.name)` lacks \(missing.map { "`\($0)`" }.joined(separator: " and "))",
          at: declaration.syntax.name?.span ?? declaration.syntax.span,
          help: missing.prefix(1).map { .init("for example \(Self.example(of: $0))") }))
    }
    var recipe = Recipe(
      name: declaration.name, data: Recipe.DataSource(format: .idx),
      optimizer: .sgd(learningRate: 0, momentum: 0, nesterov: false, decay: 0))
    // In the order of the table, so that messages are in a stable order.
    for (name, _, _) in RecipeForm.fields {
      guard let field = fields[name] else { continue }
      var reader = FieldReader(program: self, file: field.file)
      read(name, field.syntax, &reader, into: &recipe)
      diagnostics += reader.diagnostics
    }
    if diagnostics.contains(where: { $0.severity == .error }) { return (nil, diagnostics) }
    if let epochs = fields["epochs"]?.syntax.value.span, let schedule = fields["schedule"]?.syntax.value.span,
      let late = unreached(recipe)
    {
      diagnostics.append(
        Diagnostic(
          .invalidField, severity: .warning, late, at: epochs, label: counted(recipe.epochs, "epoch"),
          secondary: [.init(schedule, "the schedule", style: .secondary)]))
    }
    return (recipe, diagnostics)
  }

  /// What of a schedule lies beyond the last epoch, in words.
  private func unreached(_ recipe: Recipe) -> String? {
    var warmup = 0
    for phase in recipe.schedule {
      switch phase {
      case .constant, .cosine: break
      case .warmup(let epochs):
        let (sum, overflow) = warmup.addingReportingOverflow(epochs)
        warmup = overflow ? Int.max : sum
        if warmup >= recipe.epochs { return "the warm-up lasts to the end of the training" }
      case .step(let epochs, _):
        if let late = epochs.first(where: { $0 >= recipe.epochs }) {
          return "the training ends before the step at epoch \(late)"
        }
      }
    }
    return nil
  }

  private func read(
    _ name: String, _ field: FieldSyntax, _ reader: inout FieldReader, into recipe: inout Recipe
  ) {
    switch name {
    case "data":
      if let (source, steps) = reader.data(field) { (recipe.data, recipe.augmentation) = (source, steps) }
    case "batch": if let batch = reader.int(field, name, 1...1_000_000) { recipe.batch = batch }
    case "epochs": if let epochs = reader.int(field, name, 1...1_000_000) { recipe.epochs = epochs }
    case "loss": if let loss = reader.loss(field) { recipe.loss = loss }
    case "optimizer": if let optimizer = reader.optimizer(field) { recipe.optimizer = optimizer }
    case "schedule": if let schedule = reader.schedule(field) { recipe.schedule = schedule }
    default: if let seed = reader.int(field, name, 0...Int.max) { recipe.seed = UInt64(seed) }
    }
  }

  private static func example(of field: String) -> String {
    switch field {
    case "data": "data: cifar10 -> normalize"
    case "epochs": "epochs: 30"
    default: "optimizer: sgd(lr: 0.1, momentum: 0.9)"
    }
  }

  /// The fields of a recipe by name, its own before those of what it amends; nil after a circle.
  private func fields(of declaration: RecipeDeclaration, _ diagnostics: inout [Diagnostic]) -> [String:
    Field]?
  {
    var fields: [String: Field] = [:]
    var seen: Set<SourceSpan> = []
    var current = declaration
    while true {
      let isOwn = current.syntax.node == declaration.syntax.node
      seen.insert(current.syntax.span)
      // What is wrong with an amended recipe is said where that recipe is checked.
      let own = ownFields(of: current, isOwn ? { diagnostics.append($0) } : { _ in })
      for (name, field) in own where fields[name] == nil { fields[name] = field }
      guard let base = current.syntax.base else { return fields }
      guard case .recipe(let index)? = names.lookUp(base.name, in: current.file) else {
        let near = nearest(to: base.name, among: recipes)
        diagnostics.append(
          Diagnostic(
            .unknownName, "no recipe named `\(base.name)`", at: base.span,
            label: near.map { "did you mean `\($0)`?" } ?? "not known here"))
        return nil
      }
      current = recipeDeclarations[index]
      if seen.contains(current.syntax.span) {
        diagnostics.append(
          Diagnostic(
            .cyclicUse, "recipes amend one another in a circle", at: base.span,
            label: "closes the circle"))
        return nil
      }
    }
  }

  /// The fields that unknown names of a recipe seem to stand for: they are not missing, too.
  private func misspeltFields(of declaration: RecipeDeclaration) -> [String] {
    let known = RecipeForm.fields.map(\.name)
    return declaration.syntax.fields.compactMap { field in
      guard let name = field.label?.name, !known.contains(name) else { return nil }
      return nearest(to: name, among: known)
    }
  }

  private func ownFields(of declaration: RecipeDeclaration, _ report: (Diagnostic) -> Void) -> [(
    String, Field
  )] {
    var fields: [(String, Field)] = []
    var spans: [String: SourceSpan] = [:]
    for field in declaration.syntax.fields {
      guard let label = field.label else { continue }
      let known = RecipeForm.fields.map(\.name)
      guard known.contains(label.name) else {
        let near = nearest(to: label.name, among: known)
        report(
          Diagnostic(
            .unknownField, "recipes have no field `\(label.name)`", at: label.span,
            label: near.map { "did you mean `\($0)`?" } ?? "fields are \(known.joined(separator: ", "))",
            help: near.map { [.init("write `\($0)`", edits: [.init(label.span, $0)])] } ?? []))
        continue
      }
      if let earlier = spans[label.name] {
        report(
          Diagnostic(
            .duplicateField, "`\(label.name)` is given twice", at: label.span, label: "again here",
            secondary: [.init(earlier, "first here", style: .secondary)]))
        continue
      }
      spans[label.name] = label.span
      fields.append((label.name, Field(syntax: field, file: declaration.file)))
    }
    return fields
  }

  /// The warning that no network or space of the program has an output of a name that a recipe of the entry file gives;
  /// nil where there is none to be trained by it.
  func doubt(ofOutput name: NameSyntax, in file: Int) -> Diagnostic? {
    let trainable = names.modules.filter { $0.keyword != .cell && $0.isEntry }
    guard file == 0, trainable.contains(where: { $0.file == 0 }) else { return nil }
    var known: [String] = []
    for header in trainable {
      let outputs = header.syntax.returnStatement?.outputs ?? []
      if outputs.isEmpty { return nil }
      for output in outputs {
        // Several outputs of one name, as a tuple gives, have numbers.
        let label = output.label?.name ?? "output"
        if name.name.hasPrefix(label), name.name.dropFirst(label.count).allSatisfy(\.isNumber) { return nil }
        if !known.contains(label) { known.append(label) }
      }
    }
    let near = nearest(to: name.name, among: known)
    return Diagnostic(
      .invalidField, severity: .warning, "no network here has an output `\(name.name)`", at: name.span,
      label: near.map { "did you mean `\($0)`?" } ?? "outputs are \(known.prefix(8).joined(separator: ", "))",
      help: near.map { [.init("write `\($0)`", edits: [.init(name.span, $0)])] } ?? [])
  }
}
