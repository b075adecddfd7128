import IRLASCompiler
import IRLASDSL
import IRLASGraph

extension PageWriter {
  // MARK: Networks

  /// What a network is and costs.
  mutating func network(_ id: Int) throws(DrawingError) -> Markup {
    let module = program.module(id)
    var page = Markup.empty
    if let (elaboration, caption) = shown[id] {
      page += summary(elaboration.graph)
      page += checks(of: module.name)
      page += try figures.figure(elaboration, caption: caption)
      page += layers(elaboration.graph)
    } else {
      page += .element(
        "p", ["class": "faint"], text: "A parameter without a default leaves its figures open.")
      page += checks(of: module.name)
    }
    return page + source(of: module.syntax.node)
  }

  /// Inputs, outputs and figures.
  private func summary(_ graph: Graph) -> Markup {
    let counted = graph.withoutAuxiliaryOutputs
    let statistics = counted.statistics
    var inputs: [String] = []
    for node in graph.nodes {
      if case .input = node.op { inputs.append("\(node.name): \(node.shape)") }
    }
    let outputs = graph.outputs.map { output in
      "\(output.isAuxiliary ? "aux " : "")\(output.name): \(graph[output.value].shape)"
    }
    let rows: [(String, String)] = [
      ("inputs", inputs.joined(separator: ", ")), ("outputs", outputs.joined(separator: ", ")),
      ("parameters", grouped(statistics.parameters)), ("multiply-accumulates", grouped(statistics.macs)),
      ("depth", "\(statistics.depth)"), ("layers", "\(statistics.nodes)"),
    ]
    var body = Markup.empty
    for (name, value) in rows {
      body += .element("tr", [:], .element("th", text: name) + .element("td", text: value))
    }
    return .element("table", ["class": "summary"], .element("tbody", [:], body)) + Markup(verbatim: "\n")
  }

  private func layers(_ graph: Graph) -> Markup {
    let table = LayerTable(graph.withoutAuxiliaryOutputs)
    if table.layerCount == 0 { return .empty }
    let title = table.layerCount == 1 ? "1 layer that learns" : "\(table.layerCount) layers that learn"
    return .element(
      "details", [:],
      .element("summary", text: "\(title) or multiply, equal copies once")
        + table.markup(anchorOfCell: anchorOfModule)) + Markup(verbatim: "\n")
  }

  // MARK: Cells

  /// A cell: its text and where it is used.
  mutating func cell(_ id: Int) -> Markup {
    let module = program.module(id)
    return source(of: module.syntax.node) + checks(of: module.name) + useTable(of: module.name)
  }

  /// How many different uses are listed.
  private static let useLimit = 60

  private func useTable(of name: String) -> Markup {
    let uses = uses.uses[name] ?? []
    guard !uses.isEmpty else {
      return .element("p", ["class": "faint"], text: "No network of this file uses it with its defaults.")
    }
    var rows: [[Markup]] = []
    var network = ""
    for (use, count) in uses.prefix(Self.useLimit) {
      if use.network != network {
        network = use.network
        rows.append([.element("b", text: network)])
      }
      let label = Markup.element("code", text: use.label)
      rows.append([
        use.line.map { .link(to: "L\($0)", label) } ?? label,
        Markup("\(use.inputs.text) → \(use.outputs.text)"), Markup(count == 1 ? "" : "× \(count)"),
        Markup(grouped(use.parameters)), Markup(grouped(use.macs)),
      ])
    }
    if uses.count > Self.useLimit { rows.append([Markup("and \(uses.count - Self.useLimit) more")]) }
    return .table(
      [("used as", false), ("shapes", false), ("", true), ("parameters", true), ("MACs", true)], rows)
  }

  // MARK: Spaces

  /// A space: what it decides, how many programs it has, one of them.
  mutating func space(_ id: Int) throws(DrawingError) -> Markup {
    let module = program.module(id)
    var page = source(of: module.syntax.node)
    guard let open = program.space(named: module.name).space else {
      page += .element(
        "p", ["class": "faint"], text: "It is used by other spaces: its inputs have no shapes.")
      return page + useTable(of: module.name)
    }
    page += count(open)
    guard let (elaboration, caption) = shown[id] else {
      return page + .element("p", ["class": "bad"], text: "No program of it was found in 2000 runs.")
    }
    page += table(of: decisions[id] ?? [], open)
    page += try figures.figure(elaboration, caption: caption)
    if let text = try? raise(elaboration.graph).text {
      let drawn = Program.load(entry: SourceFile(name: "drawn", text: text), loader: { _ in .missing })
      var listing = SourceListing(drawn, hasAnchors: false)
      page += .element(
        "details", [:],
        .element("summary", text: "\(caption), as a program") + (listing?.wholeFile() ?? .empty))
    }
    return page
  }

  private func count(_ open: OpenProgram) -> Markup {
    guard let count = open.count(limit: 200_000) else {
      return .element(
        "p", [:], Markup("Counting its programs takes longer: ") + .element("code", text: "irlas space count")
      )
    }
    let number = count.programs.int.map(grouped) ?? count.programs.description
    var text = Markup.element("b", text: number) + Markup(" ways to make all decisions")
    let lines = count.ignored.compactMap { span -> Int? in
      guard span.file == SourceID(0) else { return nil }
      return program.sources[span.file]?.location(at: Int(span.lower)).line
    }
    if !count.ignored.isEmpty {
      text += Markup(", without regard to what depends on shapes or on the whole network")
      for (index, line) in lines.enumerated() {
        text += Markup(index == 0 ? ": line " : ", ") + .link(to: "L\(line)", Markup("\(line)"))
      }
    }
    return .element("p", [:], text) + Markup(verbatim: "\n")
  }

  /// The decisions of the drawn program with their options, the taken ones in bold type.
  private func table(of decisions: [Decision], _ open: OpenProgram) -> Markup {
    var taken: [String: Int] = [:]
    for decision in decisions { taken[decision.name] = decision.option }
    let limit = 12
    var labels: [String: [String]] = [:]
    _ = open.space.explore { point in
      labels[point.name] = (0..<min(point.count, limit)).map(point.label)
      return taken[point.name] ?? 0
    }
    var rows: [[Markup]] = []
    for decision in decisions {
      var options = Markup.empty
      for (index, label) in (labels[decision.name] ?? []).enumerated() {
        if index > 0 { options += Markup(", ") }
        options += index == decision.option ? .element("b", text: label) : Markup(label)
      }
      if decision.count > limit { options += Markup(", … (\(decision.count))") }
      rows.append([
        .element("code", text: decision.name), options, Markup(decision.option < limit ? "" : decision.label),
      ])
    }
    return .table([("decision", false), ("options", false), ("", false)], rows)
  }

  // MARK: Recipes and searches

  /// What recipes and searches say.
  mutating func recipesAndSearches() -> Markup {
    var recipes = Markup.empty
    var searches = Markup.empty
    for declaration in program.tree(of: SourceID(0))?.root.declarations ?? [] {
      switch declaration {
      case .recipe(let syntax):
        guard let name = syntax.name?.name else { continue }
        recipes += .element("h3", ["id": anchor("recipe", name)], Markup(name))
        recipes += .documentation(syntax.documentation)
        if let base = syntax.base?.name {
          let text = Markup(base)
          let isHere = program.recipes.contains(base)
          recipes += .element(
            "p", [:],
            Markup("Amends ") + (isHere ? .link(to: anchor("recipe", base), text) : text) + Markup("."))
        }
        recipes += fields(of: syntax, name)
      case .search(let syntax):
        guard let name = syntax.name?.name else { continue }
        searches += .element("h3", ["id": anchor("search", name)], Markup(name))
        searches += .documentation(syntax.documentation)
        var rows: [[Markup]] = []
        for field in syntax.fields { rows.append(row(field)) }
        for requirement in syntax.requirements {
          rows.append([.element("b", text: "require"), inline(requirement.condition.node)])
        }
        searches += .table([("field", false), ("value", false)], rows)
      case .module, .check: continue
      }
    }
    var page = Markup.empty
    if recipes != .empty { page += .element("h2", ["id": "recipes"], Markup("Recipes")) + recipes }
    if searches != .empty { page += .element("h2", ["id": "searches"], Markup("Searches")) + searches }
    return page
  }

  /// All fields of a recipe, those that it takes from another and those that have a default included.
  private func fields(of syntax: RecipeSyntax, _ name: String) -> Markup {
    let given = syntax.fields.compactMap { field in field.label.map { ($0.name, field) } }
    guard let recipe = program.recipe(named: name).recipe else {
      return .table([("field", false), ("value", false)], given.map { row($0.1) })
    }
    var rows: [[Markup]] = []
    for line in recipe.description.split(separator: "\n").dropFirst().dropLast() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let label = String(line[..<colon].drop { $0 == " " })
      if let field = given.first(where: { $0.0 == label }) {
        rows.append(row(field.1))
      } else {
        let value = String(line[line.index(after: colon)...].drop { $0 == " " })
        rows.append([
          Markup(label),
          .element("code", text: value) + Markup(" ")
            + .element(
              "span", ["class": "faint"], text: syntax.base.map { "as in \($0.name)" } ?? "by default"),
        ])
      }
    }
    return .table([("field", false), ("value", false)], rows)
  }

  private func row(_ field: FieldSyntax) -> [Markup] {
    [.element("b", text: field.label?.name ?? ""), inline(field.value.node)]
  }

  private func inline(_ node: SyntaxNode) -> Markup { listing?.inline(node) ?? Markup(node.text) }
}
