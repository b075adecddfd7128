import IRLASGraph

/// A program: a file, what it uses, and what its names mean.
///
/// Nothing here throws or traps on user text: every function returns what it could make, with messages.
package struct Program: Sendable {
  /// What the loader found at a path.
  package enum LoadResult: Sendable {
    /// The bytes of the file, text or not.
    case bytes([UInt8])
    /// There is no such file.
    case missing
    /// There is one, but it cannot be read; the text says why.
    case unreadable(String)
  }

  /// All files; the entry is the first one.
  package let sources: SourceSet
  /// What is wrong before anything is elaborated: text, grammar, names, uses.
  package let diagnostics: [Diagnostic]
  /// The limits under which networks are elaborated.
  package var limits = ElaborationLimits()

  /// What the names at the top of the files mean.
  let names: NameTable
  /// The code of every module; nil for modules that recurse.
  let codes: [Machine.CompiledCode?]
  /// The files, the entry first.
  let files: [ProgramFile]
  /// For each file what it uses, with the `use` that says so.
  let uses: [[(file: Int, span: SourceSpan)]]
  /// For each module those that it names, in the order of the text.
  let references: [[Int]]
  /// The recipes of all files.
  let recipeDeclarations: [RecipeDeclaration]
  /// The searches of all files.
  let searchDeclarations: [SearchDeclaration]

  /// The networks of the entry file, in the order of the text.
  package var networks: [String] { modules(.network).map(\.name) }
  /// The cells of the entry file, in the order of the text.
  package var cells: [String] { modules(.cell).map(\.name) }
  /// The spaces of the entry file, in the order of the text.
  package var spaces: [String] { modules(.space).map(\.name) }
  /// Those of them that can stand by themselves: their inputs have shapes.
  package var standaloneSpaces: [String] { modules(.space).filter(\.isEntry).map(\.name) }
  /// The recipes of the entry file, in the order of the text.
  package var recipes: [String] { recipeDeclarations.filter { $0.file == 0 }.map(\.name) }
  /// The targets of the `check` lines of the entry file, in the order of the text.
  package var checks: [String] {
    files.first?.checks.map { $0.target?.name ?? "" } ?? []
  }

  /// Whether the file can be elaborated at all.
  package var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

  private func modules(_ keyword: ModuleSyntax.Keyword) -> [ModuleHeader] {
    names.modules.filter { $0.file == 0 && $0.keyword == keyword && !$0.name.isEmpty }
  }

  /// The network or space of that name in the entry file, or one that it uses; a cell declared under the same name does
  /// not count.
  func standalone(_ name: String) -> ModuleHeader? {
    if let own = names.modules.first(where: { $0.file == 0 && $0.name == name && $0.keyword != .cell }) {
      return own
    }
    guard case .module(let id)? = names.lookUp(name, in: 0), names.modules[id].keyword != .cell else {
      return nil
    }
    return names.modules[id]
  }

  /// The names and types of a network's parameters with their defaults as written; nil for an unknown network.
  package func parameters(of network: String) -> [(name: String, type: String, defaultValue: String?)]? {
    guard let header = standalone(network) else { return nil }
    return header.parameters.map { ($0.name, $0.type.name, $0.defaultValue?.text) }
  }

  /// Elaborates a network of the entry file.
  ///
  /// - Parameters:
  ///   - network: its name.
  ///   - arguments: values for its parameters, as program text: `("classes", "100")`.
  /// - Returns: the graph, or nil with at least one error.
  package func elaborate(network: String, arguments: [(name: String, value: String)] = []) -> (
    elaboration: Elaboration?, diagnostics: [Diagnostic]
  ) {
    guard let header = standalone(network) else {
      let start = SourceSpan(file: SourceID(0), 0..<0)
      let near = nearest(to: network, among: networks)
      return (
        nil,
        [
          Diagnostic(
            .unknownName, "this file has no network named `\(network)`", at: start,
            label: near.map { "did you mean `\($0)`?" } ?? "",
            notes: networks.isEmpty
              ? ["it has no network at all"] : ["it has \(networks.joined(separator: ", "))"])
        ]
      )
    }
    if header.keyword == .space {
      let (space, problems) = self.space(header, arguments: arguments)
      guard let space else { return (nil, problems) }
      let (elaboration, messages) = space.closed()
      return (elaboration, problems + messages)
    }
    let (syntax, problems) = argumentSyntax(arguments, of: network)
    guard let syntax else { return (nil, problems) }
    return elaborate(header, arguments: syntax)
  }

  /// The values of `--set` read as the arguments of a line of the program.
  func argumentSyntax(_ arguments: [(name: String, value: String)], of network: String) -> (
    [ArgumentSyntax]?, [Diagnostic]
  ) {
    if arguments.isEmpty { return ([], []) }
    let text = "check \(network)(\(arguments.map { "\($0.name): \($0.value)" }.joined(separator: ", "))) {}"
    let source = SourceFile(id: SourceID(sources.files.count), name: "--set", text: text)
    let (tree, problems) = parse(source)
    guard problems.isEmpty, case .check(let check)? = tree.root.declarations.first,
      tree.root.declarations.count == 1
    else {
      return (nil, problems.isEmpty ? [unreadable(arguments, source)] : problems)
    }
    return (check.arguments, [])
  }

  private func unreadable(_ arguments: [(name: String, value: String)], _ source: SourceFile) -> Diagnostic {
    Diagnostic(.expectedExpression, "these settings are not values", at: source.span(0..<source.utf8.count))
  }

  /// The sources with the text of `--set` arguments added, for rendering messages about them.
  package func sources(withSettings arguments: [(name: String, value: String)], of network: String)
    -> SourceSet
  {
    var set = sources
    let text = "check \(network)(\(arguments.map { "\($0.name): \($0.value)" }.joined(separator: ", "))) {}"
    _ = set.add(name: "--set", utf8: Array(text.utf8))
    return set
  }

  /// The arguments of one use of a module, evaluated.
  struct Use: Sendable {
    /// By parameter; nil where the default counts.
    var values: [Value?]
    /// The use as text: `ResNeXt29(classes: 100)`.
    var label: String
  }

  /// Evaluates arguments in the scope of the entry file; nil with at least one error.
  func use(of header: ModuleHeader, _ arguments: [ArgumentSyntax]) -> (Use?, [Diagnostic]) {
    var diagnostics: [Diagnostic] = []
    var values = [Value?](repeating: nil, count: header.parameters.count)
    var labels: [String] = []
    var position = 0
    let constants = Machine(names: names, codes: codes, limits: limits, assembly: nil)
    for argument in arguments {
      let label = argument.label?.name
      let target = label.map { name in header.parameters.firstIndex { $0.name == name } } ?? position
      if label == nil { position += 1 }
      guard let target, target < header.parameters.count else {
        let near = label.flatMap { nearest(to: $0, among: header.parameters.map(\.name)) }
        diagnostics.append(
          Diagnostic(
            label == nil ? .tooManyArguments : .unknownArgument,
            label.map { "`\(header.name)` has no parameter `\($0)`" }
              ?? "`\(header.name)` has \(counted(header.parameters.count, "parameter"))",
            at: argument.label?.span ?? argument.span, label: near.map { "did you mean `\($0)`?" } ?? "",
            notes: ["it is \(header.signature)"]))
        continue
      }
      if values[target] != nil {
        diagnostics.append(
          Diagnostic(
            .duplicateArgument, "`\(header.parameters[target].name)` is given twice", at: argument.span))
        continue
      }
      let (code, problems) = Lowering.lower(value: argument.value, names: names, file: 0)
      diagnostics += problems
      let parameter = header.parameters[target]
      let value = constants.convert(
        constants.evaluate(code), to: parameter.type, of: header.name, parameter.name, argument.value.span)
      values[target] = value
      labels.append(label == nil ? value.text : "\(parameter.name): \(value.text)")
    }
    diagnostics += constants.diagnostics
    if diagnostics.contains(where: { $0.severity == .error }) { return (nil, diagnostics) }
    let label = labels.isEmpty ? header.name : "\(header.name)(\(labels.joined(separator: ", ")))"
    return (Use(values: values, label: label), diagnostics)
  }

  /// A machine that is about to run a module by itself.
  func machine(
    for header: ModuleHeader, _ code: Machine.CompiledCode, _ use: Use, assembly: Assembly?,
    mode: Machine.Mode = .building
  ) -> Machine {
    let machine = Machine(names: names, codes: codes, limits: limits, assembly: assembly, mode: mode)
    var locals = use.values
    while locals.count < code.code.slotCount { locals.append(nil) }
    machine.frames.append(
      Machine.Frame(
        work: .code, site: header.nameSpan, code: code, locals: locals, module: header.id, path: header.name))
    return machine
  }

  /// Elaborates a module whose inputs have known shapes, with arguments in the scope of the entry file.
  /// Applications of the cell `opaqueModule` become one op each.
  func elaborate(
    _ header: ModuleHeader, arguments: [ArgumentSyntax], opaqueModule: Int? = nil,
    observer: ElaborationObserver? = nil
  ) -> (Elaboration?, [Diagnostic]) {
    guard let compiled = codes[header.id] else {
      // What is wrong with it has been said while loading.
      return (nil, self.diagnostics.filter { $0.severity == .error })
    }
    let (use, problems) = use(of: header, arguments)
    guard let use else { return (nil, problems) }
    var diagnostics = problems
    let assembly = Assembly(name: header.name, label: use.label, span: header.syntax.span)
    let machine = machine(for: header, compiled, use, assembly: assembly)
    machine.opaqueModule = opaqueModule
    machine.observer = observer
    machine.run()
    observer?.charge(steps: machine.steps, nodes: assembly.builder.nodes.count)
    diagnostics += machine.diagnostics
    guard !diagnostics.contains(where: { $0.severity == .error }), let graph = machine.result else {
      if diagnostics.isEmpty {
        // Poison without a message of its own comes from what was reported while loading.
        diagnostics = self.diagnostics.filter { $0.severity == .error }
        if diagnostics.isEmpty {
          diagnostics = [
            Diagnostic(.typeMismatch, "`\(header.name)` cannot be elaborated", at: header.nameSpan)
          ]
        }
      }
      return (nil, diagnostics)
    }
    let elaboration = Elaboration(
      graph: graph, sourceMap: SourceMap(spans: assembly.spans), opaqueScopes: machine.opaqueScopes)
    observer?.finish(elaboration)
    return (elaboration, diagnostics)
  }
}

/// One file of a program.
struct ProgramFile: Sendable {
  /// The text.
  let source: SourceFile
  /// Its tree.
  let tree: SyntaxTree
  /// The `check` lines.
  let checks: [CheckSyntax]
}

/// A recipe with the file that declares it.
struct RecipeDeclaration: Sendable {
  /// Its name; empty when the text lacks it.
  let name: String
  /// The file that declares it.
  let file: Int
  /// The text.
  let syntax: RecipeSyntax
}

/// A search with the file that declares it.
struct SearchDeclaration: Sendable {
  /// Its name; empty when the text lacks it.
  let name: String
  /// The file that declares it.
  let file: Int
  /// The text.
  let syntax: SearchSyntax
}
