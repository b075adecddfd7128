/// What the names at the top of every file of a program mean.
struct NameTable: Sendable {
  /// What a name at the top of a file declares.
  enum Declaration: Hashable, Sendable {
    /// A cell, network or space, by its index in `modules`.
    case module(Int)
    /// A recipe, by its index in the program.
    case recipe(Int)
    /// A search, by its index in the program.
    case search(Int)
  }

  /// The names that one file sees.
  struct Scope: Sendable {
    /// Declared in the file itself.
    var own: [String: Declaration] = [:]
    /// Brought in by `use`.
    var imported: [String: Declaration] = [:]
    /// Used files by the last part of their path, for `std.bn`.
    var files: [String: Int] = [:]
    /// Files that are used by a path in quotes, by the name that they would have without: a common mistake.
    var quotedFiles: [String: Int] = [:]
    /// Whether a `use` of the file brought less than it asked for: unknown names may be those.
    var hasFailedUse = false
    /// Where `use std` would be inserted.
    var standardInsertion: SourceSpan?

    /// The edit that adds `use std`; nil when the file has it.
    var useOfStandard: Diagnostic.Edit? {
      guard files["std"] == nil, let place = standardInsertion else { return nil }
      return Diagnostic.Edit(place, place.lower == 0 ? "use std\n" : "\nuse std")
    }
  }

  /// All cells, networks and spaces.
  var modules: [ModuleHeader] = []
  /// The labels of the outputs of all modules: what may stand after a dot. Looked up only.
  var outputLabels: Set<String> = []
  /// The scope of every file.
  var scopes: [Scope] = []
  /// The file of the standard library.
  var standardFile = 0

  /// What a name means in a file.
  func lookUp(_ name: String, in file: Int) -> Declaration? {
    scopes[file].own[name] ?? scopes[file].imported[name]
  }

  /// The names of all cells that a file sees, in order.
  func moduleNames(in file: Int) -> [String] {
    let scope = scopes[file]
    return modules.indices.compactMap { id in
      let name = modules[id].name
      return scope.own[name] == .module(id) || scope.imported[name] == .module(id) ? name : nil
    }
  }

  /// The names of the standard library.
  var standardNames: [String] {
    modules.filter { $0.file == standardFile }.map(\.name)
  }
}
