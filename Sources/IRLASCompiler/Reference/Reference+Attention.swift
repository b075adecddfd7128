private import Glibc
internal import IRLASGraph

/// Attention over all places of a feature map (A. Vaswani et al., NIPS 2017).
extension ReferenceInterpreter {
  /// Queries, keys and values of one head of one sample.
  private struct Head {
    let x: ReferenceOperand
    let sample: Int
    let first: Int
    let depth: Int

    var places: Int { x.shape.height * x.shape.width }
    private var channels: Int { x.shape.channels / 3 }

    /// The place in memory of component `t` of the query (part 0), key (1) or value (2) at a place.
    func index(_ part: Int, _ t: Int, _ place: Int) -> Int {
      ((sample * 3 + part) * channels + first + t) * places + place
    }

    /// The place of component `t` of the result.
    func resultIndex(_ t: Int, _ place: Int) -> Int { (sample * channels + first + t) * places + place }

    func query(_ t: Int, _ place: Int) -> Double { x.values[index(0, t, place)] }
    func key(_ t: Int, _ place: Int) -> Double { x.values[index(1, t, place)] }
    func value(_ t: Int, _ place: Int) -> Double { x.values[index(2, t, place)] }

    /// How much the query at `i` attends to each place: `softmax(q k / sqrt(d))`.
    func weights(_ i: Int) -> [Double] {
      let scores = (0..<places).map { j in
        (0..<depth).reduce(0) { $0 + query($1, i) * key($1, j) } / Double(depth).squareRoot()
      }
      let most = scores.max() ?? 0
      let powers = scores.map { exp($0 - most) }
      let sum = powers.reduce(0, +)
      return powers.map { $0 / sum }
    }
  }

  private func heads(_ x: ReferenceOperand, _ count: Int) -> [Head] {
    let depth = x.shape.channels / 3 / count
    return (0..<batch).flatMap { sample in
      (0..<count).map { Head(x: x, sample: sample, first: $0 * depth, depth: depth) }
    }
  }

  func attention(_ x: ReferenceOperand, heads count: Int) -> [Double] {
    var y = [Double](repeating: 0, count: x.values.count / 3)
    for head in heads(x, count) {
      for i in 0..<head.places {
        let weights = head.weights(i)
        for t in 0..<head.depth {
          y[head.resultIndex(t, i)] = (0..<head.places).reduce(0) { $0 + weights[$1] * head.value(t, $1) }
        }
      }
    }
    return y
  }

  /// With `s` the scores before the softmax, `p` after it: `dp_j = dy_i v_j`, `ds_j = p_j (dp_j - sum p dp)`.
  func attentionGradient(_ x: ReferenceOperand, dy: ReferenceOperand, heads count: Int) -> [Double] {
    var dx = [Double](repeating: 0, count: x.values.count)
    for head in heads(x, count) {
      let scale = 1 / Double(head.depth).squareRoot()
      for i in 0..<head.places {
        let weights = head.weights(i)
        let dp = (0..<head.places).map { j in
          (0..<head.depth).reduce(0) { $0 + dy.values[head.resultIndex($1, i)] * head.value($1, j) }
        }
        let mean = zip(weights, dp).reduce(0) { $0 + $1.0 * $1.1 }
        for j in 0..<head.places {
          let ds = weights[j] * (dp[j] - mean) * scale
          for t in 0..<head.depth {
            dx[head.index(0, t, i)] += ds * head.key(t, j)
            dx[head.index(1, t, j)] += ds * head.query(t, i)
            dx[head.index(2, t, j)] += weights[j] * dy.values[head.resultIndex(t, i)]
          }
        }
      }
    }
    return dx
  }
}
