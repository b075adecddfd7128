/// Where a run stands: with the tensors, everything that the next step depends on.
package struct RunPosition: Hashable, Sendable {
  /// The epoch that the next step belongs to, from 0.
  package var epoch = 0
  /// The next step within that epoch, from 0.
  package var step = 0
  /// Steps since the start of the run; random masks are drawn by it.
  package var globalStep = 0
  /// The sum of the losses of this epoch's steps so far.
  package var lossSum = 0.0
  /// The mean loss and the accuracies of the last full epoch, where there was one.
  package var lastLoss = Double.nan
  package var lastAccuracy = Double.nan
  /// Bytes of the metrics log up to here.
  package var metricsLength = 0

  package init() {}
}

/// What identifies a run: a checkpoint of another one cannot be resumed.
package struct RunIdentity: Hashable, Sendable {
  package var network: String
  /// The `program` hash of the elaborated network.
  package var programHash: String
  /// The recipe with its overrides, as text.
  package var recipe: String
  package var dataFingerprint: UInt64
  package var seed: UInt64
  package var batch: Int
  /// How the steps are computed; another plan may differ in the last bits.
  package var plan: String

  package init(
    network: String, programHash: String, recipe: String, dataFingerprint: UInt64, seed: UInt64, batch: Int,
    plan: String
  ) {
    self.network = network
    self.programHash = programHash
    self.recipe = recipe
    self.dataFingerprint = dataFingerprint
    self.seed = seed
    self.batch = batch
    self.plan = plan
  }
}

extension Checkpoint {
  /// A checkpoint of a run at a position, without tensors yet.
  package init(_ identity: RunIdentity, _ position: RunPosition, normalization: Normalization?) {
    self.init()
    set("epoch", Int64(position.epoch))
    set("step", Int64(position.step))
    set("global_step", Int64(position.globalStep))
    set("loss_sum_bits", Int64(bitPattern: position.lossSum.bitPattern))
    set("last_loss_bits", Int64(bitPattern: position.lastLoss.bitPattern))
    set("last_accuracy_bits", Int64(bitPattern: position.lastAccuracy.bitPattern))
    set("metrics_length", Int64(position.metricsLength))
    set("seed", Int64(bitPattern: identity.seed))
    set("batch", Int64(identity.batch))
    set("data_fingerprint", Int64(bitPattern: identity.dataFingerprint))
    set("network", identity.network)
    set("program_hash", identity.programHash)
    set("recipe", identity.recipe)
    set("plan", identity.plan)
    if let normalization { set("normalization", normalization.text) }
  }

  /// The mean and deviation that the network's inputs were normalised by.
  ///
  /// - Throws: when the checkpoint has something else in their place.
  package func normalization(path: String) throws(TrainingError) -> Normalization? {
    guard let text = text("normalization") else { return nil }
    guard let normalization = Normalization(text: text) else {
      throw .checkpoint("\(path): the checkpoint's normalisation cannot be read: \(text.prefix(80))")
    }
    return normalization
  }

  /// Where the run stood.
  ///
  /// - Throws: which number is missing or out of range.
  package func position(path: String) throws(TrainingError) -> RunPosition {
    func number(_ name: String) throws(TrainingError) -> Int64 {
      guard let value = integer(name) else {
        throw .checkpoint(
          "\(path): the checkpoint lacks the number `\(name)`, so the run cannot go on from it")
      }
      return value
    }
    func count(_ name: String) throws(TrainingError) -> Int {
      let value = try number(name)
      guard value >= 0, let count = Int(exactly: value) else {
        throw .checkpoint("\(path): the checkpoint says \(name) is \(value)")
      }
      return count
    }
    func real(_ name: String) throws(TrainingError) -> Double {
      Double(bitPattern: UInt64(bitPattern: try number(name)))
    }
    var position = RunPosition()
    position.epoch = try count("epoch")
    position.step = try count("step")
    position.globalStep = try count("global_step")
    position.lossSum = try real("loss_sum_bits")
    position.lastLoss = try real("last_loss_bits")
    position.lastAccuracy = try real("last_accuracy_bits")
    position.metricsLength = try count("metrics_length")
    return position
  }

  /// Makes sure that the checkpoint belongs to a run.
  ///
  /// - Returns: a remark where the run may go on, but not to the same bytes: another plan.
  /// - Throws: what differs.
  package func check(belongsTo identity: RunIdentity, path: String) throws(TrainingError) -> String? {
    func differs(_ what: String, _ stored: String?, _ now: String) -> TrainingError? {
      stored == now
        ? nil
        : .checkpoint(
          "\(path) belongs to another run: \(what) was \(stored ?? "not stored"), now it is \(now)")
    }
    /// The first line of a recipe that the other one lacks.
    func firstLine(of recipe: String?, unlike other: String?) -> String? {
      guard let recipe else { return nil }
      let others = (other ?? "").split(separator: "\n")
      let line = recipe.split(separator: "\n").first { !others.contains($0) }
      return line.map { "`\($0.trimmingPrefix(while: { $0 == " " }))`" } ?? "the same"
    }
    let problems = [
      differs("the network", text("network"), identity.network),
      differs("the program's hash", text("program_hash"), identity.programHash),
      differs("the seed", integer("seed").map { "\(UInt64(bitPattern: $0))" }, "\(identity.seed)"),
      differs("the batch", integer("batch").map { "\($0)" }, "\(identity.batch)"),
      differs(
        "the recipe", firstLine(of: text("recipe"), unlike: identity.recipe),
        firstLine(of: identity.recipe, unlike: text("recipe")) ?? "the same"),
      differs(
        "the data", integer("data_fingerprint").map { "\(UInt64(bitPattern: $0))" },
        "\(identity.dataFingerprint)"),
    ]
    if let problem = problems.compactMap(\.self).first { throw problem }
    if let plan = text("plan"), plan != identity.plan {
      return "this run was started with another plan (CPU, compiler, kernels or precision): it goes on, "
        + "but differs from one that was not interrupted, with the same precision in the last bits"
    }
    return nil
  }
}
