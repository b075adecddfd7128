/// Compiled kernels on disk, found by what they are made of: source text, flags, compiler and processor.
///
/// A kernel `K` has the small file `K.kernel`, which names the library it is in and the library's size and
/// checksum; a library is a shared object with the kernels of one compiler run. Every file is written beside
/// its place and renamed into it, libraries before the entries that name them, so processes may share a
/// directory without locks: at worst two compile the same kernel and one library is never read again. An entry
/// or library that is missing or damaged is compiled again under a new name.
package struct KernelCache: Sendable {
  /// A kernel to have: the entry point and everything it needs besides the headers of the C library.
  package struct Source: Hashable, Sendable {
    /// The name of the exported function.
    package var symbol: String
    /// Text that several kernels share and that stands once in a file: parts of the kernel library.
    package var shared: [SharedText]
    /// The text of this kernel alone.
    package var text: String

    package init(symbol: String, shared: [SharedText], text: String) {
      self.symbol = symbol
      self.shared = shared
      self.text = text
    }
  }

  /// A part of the kernel library. Parts stand in a file in ascending order.
  package struct SharedText: Hashable, Sendable {
    package var order: Int
    package var text: String

    package init(order: Int, text: String) {
      self.order = order
      self.text = text
    }
  }

  /// The functions asked for, with the libraries that hold them: they can be called while this value lives.
  package struct Loaded: Sendable {
    package let functions: [KernelFunction]
    package let libraries: [LoadedLibrary]
    /// How many of the kernels had to be compiled.
    package let compiled: Int
  }

  package let directory: String
  package let compiler: CCompiler
  package let cpu: HostCPU
  /// When the libraries exceed so many bytes, a process that adds one removes the oldest.
  package let sizeLimit: Int
  /// How many compilers run at a time.
  package let parallelism: Int

  package init(
    directory: String, compiler: CCompiler, cpu: HostCPU, parallelism: Int, sizeLimit: Int = 512 << 20
  ) {
    self.directory = directory
    self.compiler = compiler
    self.cpu = cpu
    self.parallelism = max(1, parallelism)
    self.sizeLimit = sizeLimit
  }

  /// Loads kernels, compiling those that are not in the cache.
  ///
  /// When the directory cannot be written, the work happens in a temporary one that is removed again.
  package func load(_ sources: [Source]) throws(ToolchainError) -> Loaded {
    let keys = self.keys(of: sources)
    var libraries: [String: LoadedLibrary] = [:]
    var functions = [KernelFunction?](repeating: nil, count: sources.count)
    for index in sources.indices {
      functions[index] = find(keys[index], symbol: sources[index].symbol, in: &libraries)
    }
    let missing = sources.indices.filter { functions[$0] == nil }
    var fresh: [LoadedLibrary] = []
    if !missing.isEmpty {
      for batch in try compile(missing.map { (keys[$0], sources[$0]) }) {
        for position in batch.members {
          let index = missing[position]
          functions[index] = try batch.library.kernel(sources[index].symbol)
        }
        fresh.append(batch.library)
      }
    }
    let cached = libraries.sorted { $0.key < $1.key }.map { $0.value }
    return Loaded(functions: functions.compactMap { $0 }, libraries: cached + fresh, compiled: missing.count)
  }

  /// The name of each kernel in the cache.
  private func keys(of sources: [Source]) -> [String] {
    // The shared text is long: each part is hashed once.
    var partHashes: [Int: String] = [:]
    let identity = ["irlas kernel 1", compiler.identity, cpu.modelName] + cpu.features
    return sources.map { source in
      let parts = source.shared.map { part in
        let hash = partHashes[part.order] ?? ContentHash(of: [part.text]).hex()
        partHashes[part.order] = hash
        return hash
      }
      return ContentHash(of: identity + parts + [source.symbol, source.text]).hex(40)
    }
  }

  // MARK: Entries

  private func find(_ key: String, symbol: String, in libraries: inout [String: LoadedLibrary])
    -> KernelFunction?
  {
    guard let text = try? FileAccess.readText("\(directory)/\(key).kernel") else { return nil }
    let fields = text.split(separator: "\n").map(String.init)
    guard fields.count == 3, !fields[0].contains("/") else { return nil }
    let path = "\(directory)/\(fields[0])"
    if libraries[path] == nil {
      guard let bytes = try? FileAccess.read(path), "\(bytes.count)" == fields[1],
        String(checksum(bytes), radix: 16) == fields[2], let library = try? LoadedLibrary(path: path)
      else { return nil }
      FileAccess.touch(path)
      libraries[path] = library
    }
    return try? libraries[path]?.kernel(symbol)
  }

  // MARK: Compilation

  private struct Batch {
    /// Indices into the kernels given to `compile`.
    let members: [Int]
    let library: LoadedLibrary
  }

  private func compile(_ kernels: [(key: String, source: Source)]) throws(ToolchainError) -> [Batch] {
    let work: String
    var isWritable = true
    do {
      if (try? FileAccess.createDirectory(directory)) != nil,
        let inside = try? FileAccess.createTemporaryDirectory(in: directory)
      {
        work = inside
      } else {
        isWritable = false
        work = try FileAccess.createTemporaryDirectory(in: compiler.temporaryDirectory)
      }
    } catch { throw .file(error) }
    defer { FileAccess.removeDirectory(work) }

    // Dealt like cards: neighbours are of one kind and take equally long.
    let count = min(parallelism, kernels.count)
    let batches = (0..<count).map { part in Array(stride(from: part, to: kernels.count, by: count)) }
    try run(batches.map { members in members.map { kernels[$0].source } }, in: work)

    var result: [Batch] = []
    for (number, members) in batches.enumerated() {
      var path = "\(work)/\(number).so"
      if isWritable, let stored = try? store(path, keys: members.map { kernels[$0].key }) { path = stored }
      result.append(Batch(members: members, library: try LoadedLibrary(path: path)))
    }
    if isWritable { prune() }
    return result
  }

  /// Runs one compiler for each batch of sources, all at the same time: `0.c` to `0.so` and so on.
  private func run(_ batches: [[Source]], in work: String) throws(ToolchainError) {
    var results: [(command: [String], result: Subprocess.Result)] = []
    let commands = batches.indices.map { number in
      compiler.compilation(of: "\(work)/\(number).c", into: "\(work)/\(number).so")
    }
    do {
      for (number, sources) in batches.enumerated() {
        try FileAccess.write(Array(Self.file(sources).utf8), to: "\(work)/\(number).c")
      }
      for (command, result) in zip(commands, try Subprocess.runAll(commands, logs: work)) {
        results.append(([command.executable] + command.arguments, result))
      }
    } catch { throw .file(error) }
    for (command, result) in results where result.status != 0 {
      throw .compilationFailed(command: command, status: result.status, output: result.output)
    }
    for (number, (command, _)) in results.enumerated() where FileAccess.status("\(work)/\(number).so") == nil
    {
      throw .nothingCompiled(command: command)
    }
  }

  /// One C file with several kernels.
  private static func file(_ sources: [Source]) -> String {
    var parts: [Int: String] = [:]
    for source in sources {
      for part in source.shared { parts[part.order] = part.text }
    }
    var text = parts.sorted { $0.key < $1.key }.map { $0.value + "\n" }.joined()
    for source in sources { text += source.text + "\n" }
    return text
  }

  /// Moves a library into the cache and writes the entries of its kernels.
  private func store(_ path: String, keys: [String]) throws(PathError) -> String {
    let bytes = try FileAccess.read(path)
    let name = "\(String(checksum(bytes), radix: 16))-\(FileAccess.uniqueSuffix()).so"
    let target = "\(directory)/\(name)"
    try FileAccess.move(path, to: target)
    let entry = "\(name)\n\(bytes.count)\n\(String(checksum(bytes), radix: 16))\n"
    for key in keys { try FileAccess.writeAtomically(Array(entry.utf8), to: "\(directory)/\(key).kernel") }
    return target
  }

  /// Removes the libraries that were not used for longest while all together exceed the limit, the entries that
  /// name them, and what processes that were killed left behind. A process that has a library loaded keeps it.
  private func prune() {
    let names = FileAccess.list(directory)
    var total = 0
    var libraries: [(name: String, bytes: Int, modified: Int)] = []
    var newest = 0
    for name in names {
      guard let status = FileAccess.status("\(directory)/\(name)") else { continue }
      newest = max(newest, status.modified)
      guard name.hasSuffix(".so") else { continue }
      libraries.append((name, status.bytes, status.modified))
      total += status.bytes
    }
    // Nothing is compiled for a day: such a directory has no owner any more.
    for name in names where name.hasPrefix(FileAccess.temporaryPrefix) {
      guard let status = FileAccess.status("\(directory)/\(name)"), status.modified < newest - 86_400 else {
        continue
      }
      FileAccess.removeDirectory("\(directory)/\(name)")
    }
    libraries.sort { ($0.modified, $0.name) < ($1.modified, $1.name) }
    var removed: Set<String> = []
    for library in libraries where total > sizeLimit {
      FileAccess.remove("\(directory)/\(library.name)")
      removed.insert(library.name)
      total -= library.bytes
    }
    guard !removed.isEmpty else { return }
    for name in names where name.hasSuffix(".kernel") {
      let path = "\(directory)/\(name)"
      let library = (try? FileAccess.readText(path))?.split(separator: "\n").first.map(String.init)
      if removed.contains(library ?? "") { FileAccess.remove(path) }
    }
  }
}
