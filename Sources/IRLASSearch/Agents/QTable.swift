/// Values of options in states, one number for each pair that was tried.
///
/// The rate of a pair's first updates is `1 / n`, so that nothing remains of a starting value and the first return is
/// taken whole [ours]; later it is the agent's. The maximum over the next options is over those that were tried.
struct QTable: Sendable {
  /// What a walk went through: for each decision the pair of state and option, by number.
  typealias Path = [Int32]

  private struct Pair {
    let state: Int32
    let option: Int32
    var value = 0.0
    var visits: Int32 = 0
    /// The next pair of the state, or -1.
    let next: Int32
  }

  private struct Place {
    var first: Int32 = -1
    var returns = 0.0
    var visits = 0.0
  }

  private var numbers: [UInt64: Int32] = [:]
  private var places: [Place] = []
  private var pairs: [Pair] = []

  /// What is known at a state.
  struct Knowledge {
    /// The mean return from there on.
    let mean: Double
    /// The options that were tried.
    let values: [(option: Int, value: Double)]
  }

  /// What is known at the state with a key; nil for one never seen.
  func knowledge(at key: UInt64) -> Knowledge? {
    guard let number = numbers[key] else { return nil }
    let place = places[Int(number)]
    var values: [(option: Int, value: Double)] = []
    var pair = place.first
    while pair >= 0 {
      values.append((Int(pairs[Int(pair)].option), pairs[Int(pair)].value))
      pair = pairs[Int(pair)].next
    }
    return Knowledge(mean: place.visits > 0 ? place.returns / place.visits : 0, values: values)
  }

  /// The number of the pair of a state and an option.
  mutating func pair(state key: UInt64, option: Int) -> Int32 {
    let state: Int32
    if let number = numbers[key] {
      state = number
    } else {
      state = Int32(places.count)
      numbers[key] = state
      places.append(Place())
    }
    var pair = places[Int(state)].first
    while pair >= 0 {
      if pairs[Int(pair)].option == Int32(option) { return pair }
      pair = pairs[Int(pair)].next
    }
    pairs.append(Pair(state: state, option: Int32(option), next: places[Int(state)].first))
    places[Int(state)].first = Int32(pairs.count - 1)
    return Int32(pairs.count - 1)
  }

  /// Takes the returns of a new walk into the means of its states.
  mutating func count(_ path: Path, rewards: [Double]) {
    var sum = 0.0
    for step in path.indices.reversed() {
      sum += rewards[step]
      let state = Int(pairs[Int(path[step])].state)
      places[state].returns += sum
      places[state].visits += 1
    }
  }

  /// `Q(s,a) <- (1 - alpha) Q(s,a) + alpha (r + max_a' Q(s',a'))` along a walk, from its end to its beginning.
  mutating func learn(_ path: Path, rewards: [Double], rate: Double) {
    var best = 0.0
    for step in path.indices.reversed() {
      let number = Int(path[step])
      pairs[number].visits &+= 1
      let alpha = max(rate, 1 / Double(pairs[number].visits))
      pairs[number].value += alpha * (rewards[step] + best - pairs[number].value)
      guard step > 0 else { return }
      best = -.infinity
      var pair = places[Int(pairs[number].state)].first
      while pair >= 0 {
        best = max(best, pairs[Int(pair)].value)
        pair = pairs[Int(pair)].next
      }
    }
  }
}
