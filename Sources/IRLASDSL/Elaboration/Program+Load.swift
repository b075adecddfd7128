import IRLASGraph

extension Program {
  /// Reads a program: the entry file and everything it uses.
  ///
  /// - Parameters:
  ///   - entry: the file to start from; its name is the path that others are relative to.
  ///   - loader: reads a file by its path.
  package static func load(entry: SourceFile, loader: @escaping (String) -> LoadResult) -> Program {
    var loading = ProgramLoading(loader: loader)
    loading.load(name: entry.name, utf8: entry.utf8)
    loading.loadStandard()
    loading.resolveUses()
    loading.declare()
    loading.importNames()
    return loading.finish()
  }
}

/// The work of `Program.load`.
private struct ProgramLoading {
  let loader: (String) -> Program.LoadResult
  var sources = SourceSet()
  var files: [ProgramFile] = []
  var diagnostics: [Diagnostic] = []
  var names = NameTable()
  var recipes: [RecipeDeclaration] = []
  var searches: [SearchDeclaration] = []
  /// For each file its uses: the file and the syntax.
  var uses: [[(file: Int, syntax: UseSyntax)]] = []
  var indices: [String: Int] = [:]

  init(loader: @escaping (String) -> Program.LoadResult) { self.loader = loader }

  /// The name under which the standard library is shown.
  static let standardName = "std.irlas"
  private static let fileLimit = 1000
  private static let declarationLimit = 50_000

  // MARK: Files

  mutating func load(name: String, utf8: [UInt8]) {
    let source = sources.add(name: name, utf8: utf8)
    let (tree, problems) = parse(source)
    diagnostics += problems
    let checks = tree.root.declarations.compactMap { if case .check(let check) = $0 { check } else { nil } }
    files.append(ProgramFile(source: source, tree: tree, checks: checks))
    uses.append([])
    names.scopes.append(NameTable.Scope())
    indices[normalized(name)] = files.count - 1
  }

  mutating func loadStandard() {
    let key = "\u{0}std"
    names.standardFile = files.count
    load(name: Self.standardName, utf8: PackageResources.std_irlas)
    indices[Self.standardName] = nil
    indices[key] = names.standardFile
  }

  /// Loads what the files use, breadth first, and finds circles.
  mutating func resolveUses() {
    var next = 0
    while next < files.count {
      for use in files[next].tree.root.uses {
        if let file = file(of: use, from: next) {
          uses[next].append((file, use))
        } else {
          names.scopes[next].hasFailedUse = true
        }
      }
      next += 1
    }
    reportCircles()
  }

  private mutating func file(of use: UseSyntax, from user: Int) -> Int? {
    let path: String
    switch use.path {
    case .missing: return nil
    case .module(let tokens):
      if tokens.count == 1, tokens[0].name == "std" { return names.standardFile }
      path = tokens.map(\.name).joined(separator: "/") + ".irlas"
    case .file(let string): path = string.value
    }
    let name = path.hasPrefix("/") ? path : folder(of: files[user].source.name) + path
    if let known = indices[normalized(name)] { return known }
    let span = use.pathSpan
    guard files.count < Self.fileLimit else {
      diagnostics.append(
        Diagnostic(.unknownModule, "this program uses more than \(Self.fileLimit) files", at: span))
      return nil
    }
    switch loader(name) {
    case .bytes(let bytes):
      load(name: name, utf8: bytes)
      return files.count - 1
    case .missing:
      var help: [Diagnostic.Help] = []
      if case .module(let tokens) = use.path, tokens.count == 1,
        nearest(to: tokens[0].name, among: ["std"]) != nil
      {
        help.append(.init("write `std` for the standard library", edits: [.init(span, "std")]))
      }
      diagnostics.append(
        Diagnostic(.unknownModule, "there is no file `\(name)`", at: span, label: "used here", help: help))
    case .unreadable(let reason):
      diagnostics.append(
        Diagnostic(.unreadableFile, "`\(name)` cannot be read", at: span, label: reason))
    }
    return nil
  }

  /// The part of a path up to the last slash.
  private func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "" }
    return String(path[...slash])
  }

  /// The name of a file without its folder and ending.
  private func stem(of path: String) -> String {
    let file = path.dropFirst(folder(of: path).count)
    return file.hasSuffix(".irlas") ? String(file.dropLast(6)) : String(file)
  }

  /// A path without `.` and with `..` resolved where they can be.
  private func normalized(_ path: String) -> String {
    var parts: [Substring] = []
    for part in path.split(separator: "/", omittingEmptySubsequences: true) where part != "." {
      if part == "..", let last = parts.last, last != ".." { parts.removeLast() } else { parts.append(part) }
    }
    return (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
  }

  /// A depth-first walk with an explicit stack; an edge to a file on the path closes a circle.
  private mutating func reportCircles() {
    var state = [Int](repeating: 0, count: files.count)  // 0 new, 1 on the path, 2 done
    for start in files.indices where state[start] == 0 {
      var path: [(file: Int, next: Int)] = [(start, 0)]
      state[start] = 1
      while let top = path.last {
        guard top.next < uses[top.file].count else {
          state[top.file] = 2
          path.removeLast()
          continue
        }
        path[path.count - 1].next += 1
        let (target, syntax) = uses[top.file][top.next]
        if state[target] == 0 {
          state[target] = 1
          path.append((target, 0))
        } else if state[target] == 1, let first = path.firstIndex(where: { $0.file == target }) {
          let circle = path[first...].map { sources.files[$0.file].name } + [sources.files[target].name]
          diagnostics.append(
            Diagnostic(
              .cyclicUse, "files use one another in a circle", at: syntax.pathSpan,
              label: path.count - first == 1 ? "a file cannot use itself" : "closes the circle",
              notes: [circle.joined(separator: " uses ")]))
        }
      }
    }
  }

  // MARK: Names

  /// Declares the names of every file.
  mutating func declare() {
    for (index, file) in files.enumerated() {
      for declaration in file.tree.root.declarations {
        guard names.modules.count + recipes.count + searches.count < Self.declarationLimit else {
          diagnostics.append(
            Diagnostic(
              .programTooBig, "this program has more than \(grouped(Self.declarationLimit)) declarations",
              at: declaration.span.start, label: "the first one too many"))
          return
        }
        switch declaration {
        case .module(let syntax):
          let header = ModuleHeader(id: names.modules.count, file: index, syntax: syntax)
          names.modules.append(header)
          for output in header.syntax.returnStatement?.outputs ?? [] {
            if let label = output.label?.name { names.outputLabels.insert(label) }
          }
          if let name = syntax.name { declare(name, .module(header.id), in: index) }
        case .recipe(let syntax):
          recipes.append(RecipeDeclaration(name: syntax.name?.name ?? "", file: index, syntax: syntax))
          if let name = syntax.name { declare(name, .recipe(recipes.count - 1), in: index) }
        case .search(let syntax):
          searches.append(SearchDeclaration(name: syntax.name?.name ?? "", file: index, syntax: syntax))
          if let name = syntax.name { declare(name, .search(searches.count - 1), in: index) }
        case .check: break
        }
      }
    }
  }

  private mutating func declare(_ name: TokenSyntax, _ declaration: NameTable.Declaration, in file: Int) {
    guard let earlier = names.scopes[file].own[name.name] else {
      names.scopes[file].own[name.name] = declaration
      return
    }
    var secondary: [Diagnostic.Label] = []
    if let span = span(of: earlier) { secondary.append(.init(span, "first here", style: .secondary)) }
    diagnostics.append(
      Diagnostic(
        .duplicateName, "`\(name.name)` is declared twice", at: name.span, label: "again here",
        secondary: secondary))
  }

  private func span(of declaration: NameTable.Declaration) -> SourceSpan? {
    switch declaration {
    case .module(let id): names.modules[id].nameSpan
    case .recipe(let index): recipes[index].syntax.name?.span
    case .search(let index): searches[index].syntax.name?.span
    }
  }

  /// Brings the used names into each file.
  mutating func importNames() {
    for user in files.indices {
      for (target, syntax) in uses[user] {
        switch syntax.path {
        case .module(let tokens): if let last = tokens.last { names.scopes[user].files[last.name] = target }
        case .file: names.scopes[user].quotedFiles[stem(of: sources.files[target].name)] = target
        case .missing: break
        }
        guard let items = syntax.items else {
          for name in names.scopes[target].own.keys.sorted() {
            importName(name, as: name, from: target, into: user, at: syntax.pathSpan, isExplicit: false)
          }
          continue
        }
        for item in items {
          guard let name = item.name else { continue }
          importName(
            name.name, as: (item.alias ?? name).name, from: target, into: user,
            at: (item.alias ?? name).span, isExplicit: true)
        }
      }
      names.scopes[user].standardInsertion = standardInsertion(user)
    }
  }

  private mutating func importName(
    _ name: String, as alias: String, from target: Int, into user: Int, at span: SourceSpan, isExplicit: Bool
  ) {
    guard let declaration = names.scopes[target].own[name] else {
      names.scopes[user].hasFailedUse = true
      let near = nearest(to: name, among: names.scopes[target].own.keys.sorted())
      diagnostics.append(
        Diagnostic(
          .unknownName, "`\(sources.files[target].name)` declares no `\(name)`", at: span,
          label: near.map { "did you mean `\($0)`?" } ?? ""))
      return
    }
    if let own = names.scopes[user].own[alias] {
      // A file's own declaration wins over what comes along with a whole file; a name asked for must be free.
      if isExplicit, own != declaration {
        diagnostics.append(
          Diagnostic(
            .duplicateName, "`\(alias)` is declared in this file, too", at: span, label: "used here",
            secondary: self.span(of: own).map { [.init($0, "declared here", style: .secondary)] } ?? [],
            help: [.init("use it under another name: { \(name) as Other }")]))
      }
      return
    }
    if let earlier = names.scopes[user].imported[alias], earlier != declaration {
      diagnostics.append(
        Diagnostic(
          .duplicateName, "two used files declare `\(alias)`", at: span, label: "the second one",
          help: [.init("name what is used: use ... { \(name) as Other }")]))
      return
    }
    names.scopes[user].imported[alias] = declaration
  }

  /// After the last `use`, or after the version line, or before everything.
  private func standardInsertion(_ file: Int) -> SourceSpan? {
    let root = files[file].tree.root
    if let last = root.uses.last { return last.span.end }
    return root.version?.span.end ?? SourceSpan(file: files[file].source.id, 0..<0)
  }

  // MARK: Code

  /// Lowers all modules and finds those that recurse.
  mutating func finish() -> Program {
    var codes: [Machine.CompiledCode?] = []
    var references: [[(module: Int, span: SourceSpan)]] = []
    let budget = Lowering.Budget()
    for header in names.modules {
      let (code, edges, problems) = Lowering.lower(header, names: names, budget: budget)
      diagnostics += problems
      codes.append(Machine.CompiledCode(code))
      references.append(edges)
    }
    for module in recursiveModules(references) { codes[module] = nil }
    var bag = DiagnosticBag()
    bag.report(contentsOf: diagnostics)
    return Program(
      sources: sources, diagnostics: bag.finish(), names: names, codes: codes, files: files,
      uses: uses.map { $0.map { ($0.file, $0.syntax.span) } },
      references: references.map { $0.map(\.module) }, recipeDeclarations: recipes,
      searchDeclarations: searches)
  }

  /// Reports every circle of cells once and returns the cells that close one.
  private mutating func recursiveModules(_ references: [[(module: Int, span: SourceSpan)]]) -> [Int] {
    var state = [Int](repeating: 0, count: references.count)
    var recursive: [Int] = []
    for start in references.indices where state[start] == 0 {
      var path: [(module: Int, next: Int)] = [(start, 0)]
      state[start] = 1
      while let top = path.last {
        guard top.next < references[top.module].count else {
          state[top.module] = 2
          path.removeLast()
          continue
        }
        path[path.count - 1].next += 1
        let (target, span) = references[top.module][top.next]
        if state[target] == 0 {
          state[target] = 1
          path.append((target, 0))
        } else if state[target] == 1, let first = path.firstIndex(where: { $0.module == target }) {
          let circle = path[first...].map { names.modules[$0.module].name }
          recursive += path[first...].map(\.module)
          diagnostics.append(
            Diagnostic(
              .cyclicCell,
              circle.count == 1 ? "`\(circle[0])` uses itself" : "cells use one another in a circle",
              at: span,
              label: "cells do not recurse",
              secondary: [.init(names.modules[target].nameSpan, "inside this cell", style: .secondary)],
              notes: [(circle + [names.modules[target].name]).joined(separator: " uses ")],
              help: [.init("`repeat` and `grow` build as many layers as a number says")]))
        }
      }
    }
    return recursive
  }
}
