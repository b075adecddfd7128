/// A program after the fixes that leave nothing to decide.
package struct FixedProgram: Sendable {
  /// One fix that was made.
  package struct Fix: Hashable, Sendable {
    /// The message that offered it.
    package var code: DiagnosticCode
    /// What was done, in the words of the message.
    package var text: String
    /// Where the message stood, in the text as it was then.
    package var location: SourceLocation
  }

  /// The text of the entry file.
  package let utf8: [UInt8]
  /// What was done, in order.
  package let fixes: [Fix]
  /// Fixes that were offered and left out, as more errors would be left with them than without.
  package let refused: [Fix]
  /// How many errors there were, and how many are left.
  package let errors: (before: Int, after: Int)
}

extension Program {
  /// Applies the first fix of every message about the entry file that is not one of several ways, then those of what
  /// is said about the result, and so on until nothing improves.
  ///
  /// A step is kept when it leaves fewer errors, or as many and fewer messages. A fix behind which more errors come to
  /// light is followed by theirs, a few times over, and kept when all of them together do. So the number of errors never
  /// grows, the work ends, and fixing what has been fixed changes nothing. At most `limit` versions of the program are
  /// checked.
  package static func fix(
    entry: SourceFile, limit: Int = 2000, loader: @escaping (String) -> LoadResult
  ) -> FixedProgram {
    var fixing = Fixing(name: entry.name, limit: limit, loader: loader)
    return fixing.run(entry.utf8)
  }
}

/// The work of `Program.fix`.
private struct Fixing {
  /// A version of the program with what is said about it.
  struct Version {
    var utf8: [UInt8]
    var source: SourceFile
    var candidates: [Candidate]
    var errors: Int
    var messages: Int
  }

  /// A fix that a message offers.
  struct Candidate {
    var fix: FixedProgram.Fix
    var edits: [Diagnostic.Edit]
  }

  let name: String
  let limit: Int
  let loader: (String) -> Program.LoadResult
  var versions = 0

  /// How many rounds of fixes may follow one another before something is better.
  static let depth = 5
  /// How many fixes are tried one by one.
  static let width = 24

  init(name: String, limit: Int, loader: @escaping (String) -> Program.LoadResult) {
    self.name = name
    self.limit = limit
    self.loader = loader
  }

  mutating func run(_ utf8: [UInt8]) -> FixedProgram {
    let first = version(utf8)
    var current = first
    var fixes: [FixedProgram.Fix] = []
    var refused: [FixedProgram.Fix] = []
    while let (next, made) = step(from: current, &refused) {
      fixes += made
      current = next
    }
    return FixedProgram(
      utf8: current.utf8, fixes: fixes, refused: refused, errors: (first.errors, current.errors))
  }

  private mutating func version(_ utf8: [UInt8]) -> Version {
    versions += 1
    let entry = SourceFile(name: name, utf8: utf8)
    let program = Program.load(entry: entry, loader: loader)
    let diagnostics = program.check().diagnostics
    let omitted = diagnostics.reduce(0) { $0 + $1.omitted }
    let candidates = diagnostics.compactMap { diagnostic -> Candidate? in
      guard
        let help = diagnostic.help.first(where: { help in
          !help.edits.isEmpty && !help.isOneOfSeveral && help.edits.allSatisfy { $0.span.file.index == 0 }
        })
      else { return nil }
      let location = entry.location(at: Int(diagnostic.span.lower))
      return Candidate(
        fix: .init(code: diagnostic.code, text: help.message, location: location), edits: help.edits)
    }
    return Version(
      utf8: utf8, source: entry, candidates: candidates,
      errors: diagnostics.count { $0.severity == .error } + omitted, messages: diagnostics.count + omitted)
  }

  /// The next version that is better, with the fixes that lead to it; all that go together first, then one by one.
  private mutating func step(from current: Version, _ refused: inout [FixedProgram.Fix]) -> (
    Version, [FixedProgram.Fix]
  )? {
    if let better = attempt(compatible(current.candidates), on: current) { return better }
    refused = []
    for candidate in current.candidates.prefix(Self.width) {
      if let better = attempt([candidate], on: current) { return better }
      if versions < limit { refused.append(candidate.fix) }
    }
    return nil
  }

  private mutating func attempt(_ candidates: [Candidate], on current: Version) -> (
    Version, [FixedProgram.Fix]
  )? {
    var (version, candidates) = (current, candidates)
    var made: [FixedProgram.Fix] = []
    for _ in 0..<Self.depth {
      guard let next = applying(candidates, to: version) else { return nil }
      made += candidates.map(\.fix)
      if isBetter(next, than: current) { return (next, made) }
      // What these fixes make known may have a fix itself.
      (version, candidates) = (next, compatible(next.candidates))
    }
    return nil
  }

  private func isBetter(_ a: Version, than b: Version) -> Bool {
    (a.errors, a.messages) < (b.errors, b.messages)
  }

  private mutating func applying(_ candidates: [Candidate], to current: Version) -> Version? {
    guard !candidates.isEmpty, versions < limit,
      let utf8 = IRLASDSL.applying(candidates.flatMap(\.edits), to: current.source),
      utf8 != current.utf8, utf8.count <= SourceFile.maximumSize
    else { return nil }
    return version(utf8)
  }

  /// The candidates whose edits neither overlap nor touch those of earlier ones; equal edits count once.
  private func compatible(_ candidates: [Candidate]) -> [Candidate] {
    var taken: [SourceSpan] = []
    return candidates.filter { candidate in
      let free = candidate.edits.allSatisfy { edit in
        taken.allSatisfy { edit.span.upper < $0.lower || $0.upper < edit.span.lower }
      }
      if free { taken += candidate.edits.map(\.span) }
      return free
    }
  }
}
