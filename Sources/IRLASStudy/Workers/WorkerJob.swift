import IRLASJSON

/// What one worker process is to do with one candidate, as it stands on its standard input: one line of JSON.
package struct WorkerJob: Hashable, Sendable {
  /// What is asked for.
  package enum Task: Hashable, Sendable {
    /// Training by a recipe up to an epoch, from the checkpoint of an earlier rung where there is one.
    case train(Training)
    /// Memory and latency of the inference program.
    case measure(Measuring)
  }

  /// See `Task.train`.
  package struct Training: Hashable, Sendable {
    /// The recipe as program text.
    package var recipe: String
    /// The folder of the images.
    package var data: String
    /// The worker's own folder, for the checkpoint.
    package var folder: String
    /// What the training draws from, in place of the recipe's seed.
    package var seed: UInt64
    /// The epoch after which it pauses, from the start.
    package var epochs: Int

    package init(recipe: String, data: String, folder: String, seed: UInt64, epochs: Int) {
      self.recipe = recipe
      self.data = data
      self.folder = folder
      self.seed = seed
      self.epochs = epochs
    }
  }

  /// See `Task.measure`.
  package struct Measuring: Hashable, Sendable {
    /// Batch sizes whose memory is asked for.
    package var memory: [Int]
    /// Batch sizes whose time is asked for.
    package var latency: [Int]

    package init(memory: [Int], latency: [Int]) {
      self.memory = memory
      self.latency = latency
    }
  }

  package var task: Task
  /// The candidate in the text form of graphs.
  package var graph: String
  package var threads: Int
  /// The name of a kernel tier.
  package var kernels: String
  /// Bytes that the process may allocate.
  package var memory: Int
  /// Seconds of processor time that it may use; the parent looks at the clock.
  package var processorSeconds: Int

  package init(
    task: Task, graph: String, threads: Int, kernels: String, memory: Int, processorSeconds: Int
  ) {
    self.task = task
    self.graph = graph
    self.threads = threads
    self.kernels = kernels
    self.memory = memory
    self.processorSeconds = processorSeconds
  }

  // MARK: As text

  /// One line, without its end.
  package var line: String {
    var members: [JSON.Member] = []
    switch task {
    case .train(let training):
      members = [
        .init("task", .string("train")), .init("recipe", .string(training.recipe)),
        .init("data", .string(training.data)), .init("folder", .string(training.folder)),
        .init("seed", .string(String(training.seed))), .init("epochs", .integer(Int64(training.epochs))),
      ]
    case .measure(let measuring):
      func list(_ values: [Int]) -> JSON { .array(values.map { .integer(Int64($0)) }) }
      members = [
        .init("task", .string("measure")), .init("memory_of", list(measuring.memory)),
        .init("latency_of", list(measuring.latency)),
      ]
    }
    members += [
      .init("threads", .integer(Int64(threads))), .init("kernels", .string(kernels)),
      .init("memory", .integer(Int64(memory))), .init("processor_seconds", .integer(Int64(processorSeconds))),
      .init("graph", .string(graph)),
    ]
    return JSON.object(members).line
  }

  /// Reads `line`; nil where something is missing.
  package init?(line: some Sequence<UInt8>) {
    guard let json = try? JSON.parse(Array(line)[...]) else { return nil }
    func numbers(_ key: String) -> [Int] { json[key]?.elements?.compactMap(\.int) ?? [] }
    switch json["task"]?.text {
    case "train":
      guard let recipe = json["recipe"]?.text, let data = json["data"]?.text,
        let folder = json["folder"]?.text,
        let seed = json["seed"]?.text.flatMap({ UInt64($0) }), let epochs = json["epochs"]?.int
      else { return nil }
      task = .train(Training(recipe: recipe, data: data, folder: folder, seed: seed, epochs: epochs))
    case "measure": task = .measure(Measuring(memory: numbers("memory_of"), latency: numbers("latency_of")))
    default: return nil
    }
    guard let graph = json["graph"]?.text, let threads = json["threads"]?.int,
      let kernels = json["kernels"]?.text, let memory = json["memory"]?.int,
      let seconds = json["processor_seconds"]?.int
    else { return nil }
    self.graph = graph
    self.threads = threads
    self.kernels = kernels
    self.memory = memory
    processorSeconds = seconds
  }
}
