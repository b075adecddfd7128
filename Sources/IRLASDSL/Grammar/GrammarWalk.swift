/// All the ways in which a text may be read, followed at once: sets of states with the rules that wait for them.
///
/// The grammar is strong LL(2), so that after two tokens at most one way is left of those that a token opens; a walk is
/// linear in the number of tokens.
struct GrammarWalk {
  let network: GrammarNetwork
  /// The stacks of waiting rules: the state to go on with, and the index of the rest; -1 is the bottom.
  private var frames: [(state: Int, rest: Int)] = []
  private var frameIndices: [Frame: Int] = [:]
  /// Where the walk is, before what needs no token.
  private var places: [Place] = []
  /// The rule `repeat`, after which no `then` follows.
  private let repetition: Int?
  private let then: Int?

  private struct Frame: Hashable {
    let state: Int
    let rest: Int
  }

  /// A state, the rules that wait for it, and whether the last token ended a `repeat`.
  struct Place: Hashable {
    let state: Int
    let stack: Int
    let endsRepetition: Bool
  }

  init(_ network: GrammarNetwork) {
    self.network = network
    repetition = network.rules.firstIndex(of: "repeat")
    then = network.index(of: "then", isClass: false)
    if let start = network.starts.first { places = [Place(state: start, stack: -1, endsRepetition: false)] }
  }

  /// The places from which a token leads on, and whether the text may end here.
  private mutating func expanded() -> (places: [Place], isComplete: Bool) {
    var found: [Place] = []
    var seen = Set(places)
    var pending = Array(places.reversed())
    var isComplete = false
    while let place = pending.popLast() {
      func visit(_ next: Place) { if seen.insert(next).inserted { pending.append(next) } }
      if let rule = network.endOfRule[place.state] {
        if place.stack < 0 {
          isComplete = true
        } else {
          let frame = frames[place.stack]
          visit(
            Place(
              state: frame.state, stack: frame.rest,
              endsRepetition: place.endsRepetition || rule == repetition))
        }
      }
      var hasToken = false
      for edge in network.edges[place.state] {
        switch edge {
        case .free(let state):
          visit(Place(state: state, stack: place.stack, endsRepetition: place.endsRepetition))
        case .token: hasToken = true
        case .rule(let rule, let state):
          let stack = push(state, on: place.stack)
          visit(Place(state: network.starts[rule], stack: stack, endsRepetition: place.endsRepetition))
        }
      }
      if hasToken { found.append(place) }
    }
    return (found, isComplete)
  }

  private mutating func push(_ state: Int, on rest: Int) -> Int {
    let frame = Frame(state: state, rest: rest)
    if let index = frameIndices[frame] { return index }
    frames.append((state, rest))
    frameIndices[frame] = frames.count - 1
    return frames.count - 1
  }

  /// The symbols that may follow, each once in the order of the network, and whether the text may end here.
  mutating func following() -> (symbols: [Int], isComplete: Bool) {
    let (places, isComplete) = expanded()
    var isPossible = [Bool](repeating: false, count: network.symbols.count)
    for place in places {
      for case .token(let symbol, _) in network.edges[place.state] where isAllowed(symbol, at: place) {
        isPossible[symbol] = true
      }
    }
    return (isPossible.indices.filter { isPossible[$0] }, isComplete)
  }

  /// `then` does not follow a `repeat` without parentheses.
  private func isAllowed(_ symbol: Int, at place: Place) -> Bool { !(place.endsRepetition && symbol == then) }

  /// Goes on with a token that is all of the given symbols. Says whether that was possible.
  mutating func advance(_ symbols: [Int]) -> Bool {
    var next: [Place] = []
    for place in expanded().places {
      for case .token(let symbol, let state) in network.edges[place.state]
      where symbols.contains(symbol) && isAllowed(symbol, at: place) {
        next.append(Place(state: state, stack: place.stack, endsRepetition: false))
      }
    }
    guard !next.isEmpty else { return false }
    places = next
    return true
  }

  // MARK: Ways out

  /// A shortest run of symbols that makes a whole program of the text so far.
  ///
  /// - Parameter costs: the tokens from each state to the end of its rule (`GrammarNetwork.costs`).
  func completion(_ costs: [Int]) -> [Int] {
    func total(_ place: Place) -> Int {
      var sum = costs[place.state]
      var stack = place.stack
      while stack >= 0 {
        sum += costs[frames[stack].state]
        stack = frames[stack].rest
      }
      return sum
    }
    guard let best = places.min(by: { total($0) < total($1) }) else { return [] }
    var symbols: [Int] = []
    var states = [best.state]
    var stack = best.stack
    while stack >= 0 {
      states.insert(frames[stack].state, at: 0)
      stack = frames[stack].rest
    }
    while let state = states.popLast() {
      if network.endOfRule[state] != nil { continue }
      guard let edge = network.edges[state].min(by: { network.cost($0, costs) < network.cost($1, costs) })
      else {
        continue
      }
      switch edge {
      case .free(let next): states.append(next)
      case .token(let symbol, let next):
        symbols.append(symbol)
        states.append(next)
      case .rule(let rule, let next): states += [next, network.starts[rule]]
      }
    }
    return symbols
  }
}

extension GrammarNetwork {
  /// The least number of tokens from each state to the end of its rule.
  func costs() -> [Int] {
    var costs = [Int](repeating: 1 << 20, count: edges.count)
    for end in ends { costs[end] = 0 }
    var changes = true
    while changes {
      changes = false
      for state in edges.indices.reversed() {
        for edge in edges[state] where cost(edge, costs) < costs[state] {
          costs[state] = cost(edge, costs)
          changes = true
        }
      }
    }
    return costs
  }

  /// The tokens that an edge and the way after it take.
  func cost(_ edge: Edge, _ costs: [Int]) -> Int {
    switch edge {
    case .free(let next): costs[next]
    case .token(_, let next): 1 + costs[next]
    case .rule(let rule, let next): costs[starts[rule]] + costs[next]
    }
  }
}
