/// The candidate nearest to a misspelt word, or nil when none is near: at most one edit for every three letters, and
/// at least one. Letter case counts half an edit. Ties go to the earlier candidate.
///
/// Edits are insertions, deletions, replacements and swaps of neighbours (Damerau 1964, restricted form).
package func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
  let letters = Array(word.unicodeScalars.prefix(maximumLength + 1))
  guard !letters.isEmpty, letters.count <= maximumLength else { return nil }
  let limit = max(2, 2 * letters.count / 3)
  var best: (word: String, distance: Int)?
  for candidate in candidates where candidate != word {
    let other = Array(candidate.unicodeScalars.prefix(maximumLength + 1))
    guard !other.isEmpty, 2 * abs(other.count - letters.count) <= limit else { continue }
    let distance = editDistance(letters, other)
    // A word of one or two letters is near everything; only its case may differ.
    let allowed = min(letters.count, other.count) <= 2 ? 1 : limit
    if distance <= allowed, distance < best?.distance ?? .max { best = (candidate, distance) }
  }
  return best?.word
}

/// Names longer than this are not compared.
private let maximumLength = 64

/// Twice the number of edits between two words.
private func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
  var beforePrevious = [Int](repeating: 0, count: b.count + 1)
  var previous = (0...b.count).map { 2 * $0 }
  var current = previous
  for i in 1...a.count {
    current[0] = 2 * i
    for j in 1...b.count {
      let cost = replacementCost(a[i - 1], b[j - 1])
      var best = min(previous[j] + 2, current[j - 1] + 2, previous[j - 1] + cost)
      if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
        best = min(best, beforePrevious[j - 2] + 2)
      }
      current[j] = best
    }
    (beforePrevious, previous, current) = (previous, current, beforePrevious)
  }
  return previous[b.count]
}

private func replacementCost(_ a: Unicode.Scalar, _ b: Unicode.Scalar) -> Int {
  if a == b { return 0 }
  return a.properties.lowercaseMapping == b.properties.lowercaseMapping ? 1 : 2
}

/// What a layer of another tool is called here, whatever the case of its letters and the underscores in it; nil for
/// unknown names.
func counterpart(of word: String) -> String? {
  let key = word.lowercased().filter { $0 != "_" }
  return counterparts.first { $0.foreign.contains(key) }?.own
}

/// What an attribute of a tensor or list of another tool is called here; nil for unknown names.
func counterpartOfMember(_ word: String) -> String? {
  switch word.lowercased() {
  case "channels", "channel", "depth", "filters": "c"
  case "height", "rows": "h"
  case "width", "columns": "w"
  case "length", "len", "count": "size"
  default: nil
  }
}

/// Names of layers in PyTorch, Keras and ONNX, without underscores and in small letters.
private let counterparts: [(own: String, foreign: [String])] = [
  ("conv", ["conv2d", "convolution", "convolution2d"]),
  ("dwconv", ["depthwiseconv2d", "depthwiseconv", "depthwise"]),
  ("sep_conv", ["separableconv2d", "separableconv"]),
  ("linear", ["dense", "fullyconnected", "fc", "gemm"]),
  ("bn", ["batchnorm2d", "batchnorm", "batchnormalization"]),
  ("layer_norm", ["layernormalization", "layernorm"]),
  ("relu", ["relu"]),
  ("relu6", ["relu6"]),
  ("silu", ["swish", "silu"]),
  ("gelu", ["gelu"]),
  ("hard_swish", ["hardswish", "hswish"]),
  ("hard_sigmoid", ["hardsigmoid"]),
  ("max_pool", ["maxpool2d", "maxpooling2d"]),
  ("avg_pool", ["avgpool2d", "averagepooling2d", "averagepool"]),
  ("global_avg_pool", ["globalaveragepooling2d", "globalaveragepool", "adaptiveavgpool2d", "gap"]),
  ("concat", ["concatenate", "cat"]),
  ("attention", ["multiheadattention", "mha"]),
  ("shuffle", ["channelshuffle"]),
  ("softmax", ["softmax2d"]),
  ("upsample", ["upsampling2d", "upsamplingnearest2d", "resize"]),
  ("pad", ["zeropad2d", "zeropadding2d"]),
  ("crop", ["cropping2d"]),
  ("drop_path", ["stochasticdepth", "droppath"]),
]
