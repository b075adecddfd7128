import IRLASGraph

/// The decisions of one run of the machine through a space: asks for new ones and repeats those of sampled layers.
final class DecisionTrail {
  /// Where a decision stands in the text: the module and the choice in its code.
  struct Site: Hashable {
    let module: Int
    let choice: Int
  }

  /// The names that came up during one application of a sampled layer, or in the space itself.
  fileprivate struct Context {
    /// How often each name came up.
    var seen: [String: Int] = [:]
    /// Whether names that are decided already are repeated.
    let repeats: Bool
  }

  private let ask: (DecisionPoint, Site) -> Int?
  /// What was decided, in order.
  private(set) var decisions: [Decision] = []
  /// The site of each decision.
  private(set) var sites: [Site] = []
  private var options: [String: Int] = [:]
  private var contexts = [Context(repeats: false)]
  /// The decisions whose option is being formed, innermost last; nil for repeated ones and those without alternative.
  private(set) var open: [Int?] = []
  /// Whether whoever decides asked to stop.
  private(set) var isStopped = false

  /// A trail whose decisions are made by `ask`.
  init(_ ask: @escaping (DecisionPoint, Site) -> Int?) { self.ask = ask }

  /// The option of a decision that comes up; nil when there is none.
  func decide(_ point: DecisionPoint, _ site: Site) -> Int? {
    let name = uniqueName(point.name)
    let top = contexts.count - 1
    if contexts[top].repeats, let option = options[name] {
      open.append(nil)
      return option < point.count ? option : nil
    }
    // Only sampled layers are applied again.
    let isRepeated = contexts[top].repeats
    guard point.count > 1 else {
      if isRepeated { options[name] = 0 }
      open.append(nil)
      return 0
    }
    let named =
      name == point.name
      ? point : DecisionPoint(name: name, count: point.count, odds: point.odds, label: point.label)
    guard let option = ask(named, site) else {
      isStopped = true
      return nil
    }
    let isValid = (0..<point.count).contains(option)
    decisions.append(
      Decision(
        name: name, option: option, count: point.count, label: isValid ? point.label(option) : "?"))
    sites.append(site)
    if isRepeated { options[name] = option }
    open.append(decisions.count - 1)
    return isValid ? option : nil
  }

  /// Ends the option that was begun last.
  func endOption() { if !open.isEmpty { open.removeLast() } }

  /// Tells a name apart from earlier uses of it: the same place evaluated again is another application of the same
  /// layer.
  func uniqueName(_ name: String) -> String {
    let top = contexts.count - 1
    let count = (contexts[top].seen[name] ?? 0) + 1
    contexts[top].seen[name] = count
    return count > 1 ? "\(name)#\(count)" : name
  }

  /// Which names came up so far: where alternatives begin alike.
  struct Names {
    fileprivate let contexts: [Context]
  }

  /// The names so far; setting them goes back.
  var names: Names {
    get { Names(contexts: contexts) }
    set { contexts = newValue.contexts }
  }

  /// Begins an application of a sampled layer.
  func beginSample() { contexts.append(Context(repeats: true)) }

  /// Ends it.
  func endSample() { contexts.removeLast() }
}
