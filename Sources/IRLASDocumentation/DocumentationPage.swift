package import IRLASCompiler
package import IRLASDSL
import IRLASGraph

/// The page about a program: what its comments say, what its parts are and cost, drawings. One HTML text that needs
/// nothing else, and is well-formed XML too. The same program gives the same bytes.
///
/// - Parameters:
///   - program: without errors; checks that do not hold are shown as such.
///   - report: what `program.check()` said.
///   - title: the name of the file.
package func documentationPage(of program: Program, report: CheckReport, title: String) throws(DrawingError)
  -> String
{
  var writer = PageWriter(program, report: report)
  return try writer.page(title: title)
}

/// Writes the page, section by section.
struct PageWriter {
  let program: Program
  let report: CheckReport
  var listing: SourceListing?
  var figures: FigureMaker
  var uses = CellUses()
  /// What stands for each network and space: its graph, and how that is called on the page.
  var shown: [Int: (elaboration: Elaboration, caption: String)] = [:]
  /// The decisions of the programs that stand for spaces.
  var decisions: [Int: [Decision]] = [:]
  /// The modules of the entry file in the order of the text.
  let modules: [Int]

  init(_ program: Program, report: CheckReport) {
    self.program = program
    self.report = report
    listing = SourceListing(program, hasAnchors: true)
    figures = FigureMaker(program)
    modules = program.modules(in: SourceID(0)).filter { !program.module($0).name.isEmpty }
  }

  /// The whole page.
  mutating func page(title: String) throws(DrawingError) -> String {
    elaborate()
    var main = Markup.empty
    main += .documentation(program.tree(of: SourceID(0))?.root.fileDocumentation)
    main += contents()
    main += try section("Networks", modules(.network)) { (writer, id) throws(DrawingError) in
      try writer.network(id)
    }
    main += try section("Cells", modules(.cell)) { (writer, id) throws(DrawingError) in writer.cell(id) }
    main += try section("Spaces", modules(.space)) { (writer, id) throws(DrawingError) in try writer.space(id)
    }
    main += recipesAndSearches()
    return htmlPage(title: title, main)
  }

  func modules(_ keyword: ModuleSyntax.Keyword) -> [Int] {
    modules.filter { program.module($0).keyword == keyword }
  }

  private mutating func section(
    _ title: String, _ ids: [Int], _ content: (inout PageWriter, Int) throws(DrawingError) -> Markup
  ) throws(DrawingError) -> Markup {
    if ids.isEmpty { return .empty }
    var section = Markup.element("h2", ["id": title.lowercased()], Markup(title)) + Markup(verbatim: "\n")
    for id in ids {
      let module = program.module(id)
      section += .element("h3", ["id": anchor(module.keyword.rawValue, module.name)], Markup(module.name))
      let description = program.describe(.module(id))
      section += .element("p", ["class": "signature"], Markup(description.signature)) + Markup(verbatim: "\n")
      section += .documentation(description.documentation) + parameters(of: id)
      section += try content(&self, id)
    }
    return section
  }

  // MARK: What is shown

  /// How many programs of a space are drawn to find one that shows much of it.
  private static let draws: UInt64 = 8

  /// Elaborates what has a graph: networks with their defaults or as the first `check` line about them says, spaces as
  /// the largest of the programs drawn with the first few seeds.
  private mutating func elaborate() {
    for id in modules(.network) {
      let name = program.module(id).name
      let parameters = program.parameters(of: name) ?? []
      var arguments: [(name: String, value: String)] = []
      if parameters.contains(where: { $0.defaultValue == nil }) {
        guard let given = argumentsOfFirstCheck(of: name, parameters.map(\.name)) else { continue }
        arguments = given
      }
      guard let elaboration = program.elaborate(network: name, arguments: arguments).elaboration else {
        continue
      }
      let given = arguments.map { "\($0.name): \($0.value)" }.joined(separator: ", ")
      let caption = given.isEmpty ? name : "\(name)(\(given))"
      shown[id] = (elaboration, caption)
      uses.add(elaboration, as: caption, in: program)
    }
    for id in modules(.space) where program.standaloneSpaces.contains(program.module(id).name) {
      let name = program.module(id).name
      guard let open = program.space(named: name).space else { continue }
      var largest: (sample: Space.Sample, seed: UInt64)?
      for seed in 0..<Self.draws {
        guard let sample = try? open.space.sample(seed: seed, runs: 2000) else { break }
        if sample.graph.nodes.count > largest?.sample.graph.nodes.count ?? 0 { largest = (sample, seed) }
      }
      guard let (sample, seed) = largest, let elaboration = open.elaborate(sample.decisions) else { continue }
      let caption = "\(name), drawn with seed \(seed)"
      shown[id] = (elaboration, caption)
      decisions[id] = sample.decisions
      uses.add(elaboration, as: caption, in: program)
    }
  }

  private func argumentsOfFirstCheck(of network: String, _ parameters: [String]) -> [(
    name: String, value: String
  )]? {
    for declaration in program.tree(of: SourceID(0))?.root.declarations ?? [] {
      guard case .check(let check) = declaration, check.target?.name == network else { continue }
      var position = 0
      return check.arguments.compactMap { argument in
        if let label = argument.label { return (label.name, argument.value.text) }
        defer { position += 1 }
        return position < parameters.count ? (parameters[position], argument.value.text) : nil
      }
    }
    return nil
  }

  // MARK: Parts

  private func contents() -> Markup {
    var items = Markup.empty
    func add(_ title: String, _ entries: [(anchor: String, name: String)]) {
      guard !entries.isEmpty else { return }
      var list = Markup.empty
      for entry in entries { list += .element("li", [:], .link(to: entry.anchor, Markup(entry.name))) }
      items += .element(
        "li", [:], .link(to: title.lowercased(), Markup(title)) + .element("ul", [:], list))
    }
    for (title, keyword) in [
      ("Networks", ModuleSyntax.Keyword.network), ("Cells", .cell), ("Spaces", .space),
    ] {
      add(
        title,
        modules(keyword).map { (anchor(keyword.rawValue, program.module($0).name), program.module($0).name) })
    }
    add("Recipes", program.recipes.map { (anchor("recipe", $0), $0) })
    add("Searches", program.searches.map { (anchor("search", $0), $0) })
    return .element("nav", ["class": "contents"], .element("ul", [:], items)) + Markup(verbatim: "\n")
  }

  /// The parameters that have documentation of their own.
  private func parameters(of id: Int) -> Markup {
    var rows: [[Markup]] = []
    for index in program.module(id).syntax.parameters.indices {
      let description = program.describe(.parameter(module: id, index: index))
      guard let documentation = description.documentation else { continue }
      rows.append([.element("code", text: description.signature), .documentation(documentation)])
    }
    return rows.isEmpty ? .empty : .table([("parameter", false), ("", false)], rows)
  }

  /// The text of a declaration.
  mutating func source(of node: SyntaxNode) -> Markup { listing?.listing(of: node) ?? .empty }

  /// The `check` lines about a cell or network.
  func checks(of name: String) -> Markup {
    var rows: [[Markup]] = []
    for (target, check) in zip(program.checks, report.checks) where target == name {
      var claims = Markup.empty
      for (index, claim) in check.claims.enumerated() {
        if index > 0 { claims += Markup(", ") }
        let holds = claim.holds == true
        claims += .element("code", text: claim.text) + Markup(" ")
        claims += .element("span", ["class": holds ? "good" : "bad"], text: holds ? "✓" : "✗")
      }
      rows.append([.element("code", text: check.target), claims])
    }
    return rows.isEmpty ? .empty : .table([("check", false), ("claims", false)], rows)
  }

  /// The anchor of a cell or space that the program declares.
  func anchorOfModule(_ name: String) -> String? {
    for id in modules where program.module(id).name == name {
      return anchor(program.module(id).keyword.rawValue, name)
    }
    return nil
  }
}
