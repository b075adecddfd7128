package import IRLASGraph

extension Program {
  /// The searches of the entry file, in the order of the text.
  package var searches: [String] { searchDeclarations.filter { $0.file == 0 }.map(\.name) }

  /// The search of that name that the entry file declares or uses.
  ///
  /// - Returns: the search, or nil with at least one error.
  package func search(named name: String) -> (plan: SearchPlan?, diagnostics: [Diagnostic]) {
    if case .search(let index)? = names.lookUp(name, in: 0) { return search(searchDeclarations[index]) }
    let near = nearest(to: name, among: searches)
    return (
      nil,
      [
        Diagnostic(
          .unknownName, "this file has no search named `\(name)`", at: SourceSpan(file: SourceID(0), 0..<0),
          label: near.map { "did you mean `\($0)`?" } ?? "",
          notes: [searches.isEmpty ? "it has no search at all" : "it has \(searches.joined(separator: ", "))"]
        )
      ]
    )
  }

  /// What a `search` says.
  func search(_ declaration: SearchDeclaration) -> (SearchPlan?, [Diagnostic]) {
    var reader = FieldReader(program: self, file: declaration.file)
    let (fields, misspelt) = searchFields(declaration, &reader)
    let missing = SearchForm.fields.map(\.name).filter { name in
      SearchForm.fields.contains { $0.name == name && $0.isRequired } && fields[name] == nil
        && !misspelt.contains(name)
    }
    if !missing.isEmpty {
      reader.report(
        Diagnostic(
          .missingField,
          "the search `\(declaration.name)` lacks \(missing.map { "`\($0)`" }.joined(separator: " and "))",
          at: declaration.syntax.name?.span ?? declaration.syntax.span,
          help: [
            .init(missing[0] == "over" ? "for example over: Net" : "for example reward: accuracy(Quick)")
          ]))
    }
    var plan = SearchPlan(
      name: declaration.name, space: SearchPlan.Use(name: ""), reward: SearchPlan.Reward(maximised: []))
    // In the order of the table, so that messages are in a stable order.
    for (name, _, _) in SearchForm.fields {
      guard let field = fields[name] else { continue }
      switch name {
      case "over": if let space = reader.space(field) { plan.space = space }
      case "expert": if let experts = reader.experts(field) { plan.experts = experts }
      case "mirror":
        guard fields["expert"] != nil else {
          reader.report(
            Diagnostic(
              .invalidField, "a mirror needs an expert to learn from", at: field.span,
              label: "this search has no `expert`", help: [.init("for example expert: ResNeXt29")]))
          continue
        }
        // An expert that could not be read has been reported; its number is not.
        let count = plan.experts.isEmpty ? 1 : plan.experts.count
        plan.mirror = reader.mirror(field, experts: count)
      case "reward": if let reward = reader.reward(field) { plan.reward = reward }
      case "agent": if let agent = reader.agent(field) { plan.agent = agent }
      case "fidelity": if let fidelity = reader.fidelity(field) { plan.fidelity = fidelity }
      case "budget": if let budget = reader.budget(field) { plan.budget = budget }
      default: if let seeds = reader.seeds(field) { plan.seeds = seeds }
      }
    }
    if plan.mirror == nil, !plan.experts.isEmpty {
      plan.mirror = SearchPlan.Mirror(method: .maximumEntropy, weights: [0.1], mode: .terminal, anneals: true)
    }
    for requirement in declaration.syntax.requirements {
      if let limit = reader.limit(requirement) { plan.limits.append(limit) }
    }
    // Said here, not first when the search is under way.
    if case .differentiable = plan.agent, !plan.space.name.isEmpty, !hasErrors,
      let header = names.modules.first(where: { $0.file == 0 && $0.name == plan.space.name })
    {
      let settings = plan.space.arguments.map { (name: $0.name, value: $0.value) }
      for problem in space(header, arguments: settings).0?.relaxed().diagnostics ?? [] {
        reader.report(problem)
      }
    }
    let isSound = !reader.diagnostics.contains { $0.severity == .error }
    return (isSound ? plan : nil, reader.diagnostics)
  }

  /// The fields by name, and the names that others seem to stand for.
  private func searchFields(_ declaration: SearchDeclaration, _ reader: inout FieldReader) -> (
    fields: [String: FieldSyntax], misspelt: Set<String>
  ) {
    var fields: [String: FieldSyntax] = [:]
    var misspelt: Set<String> = []
    let known = SearchForm.fields.map(\.name)
    for field in declaration.syntax.fields {
      guard let label = field.label else { continue }
      guard known.contains(label.name) else {
        let near = nearest(to: label.name, among: known)
        if let near { misspelt.insert(near) }
        reader.report(
          Diagnostic(
            .unknownField, "searches have no field `\(label.name)`", at: label.span,
            label: near.map { "did you mean `\($0)`?" } ?? "fields are \(known.joined(separator: ", "))",
            help: near.map { [.init("write `\($0)`", edits: [.init(label.span, $0)])] } ?? []))
        continue
      }
      if let earlier = fields[label.name]?.label?.span {
        reader.report(
          Diagnostic(
            .duplicateField, "`\(label.name)` is given twice", at: label.span, label: "again here",
            secondary: [.init(earlier, "first here", style: .secondary)]))
        continue
      }
      fields[label.name] = field
    }
    return (fields, misspelt)
  }
}
