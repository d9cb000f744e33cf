// Twin of worldmodels/evolution: CMA-ES with a diagonal covariance (SepCMAES in cma_es.py). The
// equation numbers are those of N. Hansen, "The CMA Evolution Strategy: A Tutorial" (2016).

const MAX_STD = 1e12; // along any axis; with a larger one the search has diverged

const sum = (values) => values.reduce((total, value) => total + value, 0);
const norm = (values) => Math.sqrt(sum(values.map((value) => value ** 2)));

// The candidates' numbers, from the best to the worst; equal ones stay in their order.
export function bestFirst(fitness) {
  return fitness.map((_, number) => number).sort((a, b) => fitness[b] - fitness[a]);
}

// An evolution strategy that maximises the fitness. `normal` returns a number from N(0, 1).
export class SepCMAES {
  constructor(mean, sigma, population, normal) {
    this.mean = Array.from(mean);
    this.sigma = sigma;
    this.population = population;
    this.normal = normal;
    const n = this.mean.length;
    const raw = Array.from(
      { length: population }, (_, i) => Math.log((population + 1) / 2) - Math.log(i + 1)); // (49)
    const positive = raw.map((weight) => Math.max(weight, 0));
    const negative = raw.map((weight) => Math.min(weight, 0));
    const effective = (weights) => sum(weights) ** 2 / sum(weights.map((weight) => weight ** 2));
    const muEff = effective(positive);

    this.cSigma = (muEff + 2) / (n + muEff + 5); // (55)
    this.dSigma = 1 + 2 * Math.max(0, Math.sqrt((muEff - 1) / (n + 1)) - 1) + this.cSigma;
    this.cC = (4 + muEff / n) / (n + 4 + 2 * muEff / n); // (56)
    const factor = (n + 2) / 3; // a diagonal is learned faster than a matrix
    const c1 = 2 / ((n + 1.3) ** 2 + muEff); // (57)
    const cMu = 2 * (1 / 4 + muEff + 1 / muEff - 2) / ((n + 2) ** 2 + muEff); // (58)
    this.c1 = c1 * factor;
    this.cMu = Math.min(1 - this.c1, Math.min(1 - c1, cMu) * factor);

    const bound = Math.min(
      1 + this.c1 / this.cMu, // (50)
      1 + 2 * effective(negative) / (muEff + 2), // (51)
      (1 - this.c1 - this.cMu) / (n * this.cMu)); // (52)
    this.weights = raw.map((_, i) =>
      positive[i] / sum(positive) + bound * negative[i] / -sum(negative)); // (53)
    this.mu = positive.filter((weight) => weight > 0).length;
    this.muEff = muEff;
    this.expectedNorm = Math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n ** 2));
    this.decompositionInterval = 1 / (this.c1 + this.cMu) / n / 10; // generations
    this.pathSigma = new Array(n).fill(0);
    this.pathC = new Array(n).fill(0);
    this.covariance = new Array(n).fill(1);
    this.scale = new Array(n).fill(1);
    this.generation = 0;
    this.generationsSinceDecomposition = 0;
  }

  // The candidates of the next generation.
  ask() {
    this.mutations = Array.from(
      { length: this.population }, () => this.mean.map(() => this.normal())); // z ~ N(0, I)
    return this.mutations.map((z) =>
      z.map((value, j) => this.mean[j] + this.sigma * (value * this.scale[j]))); // (38) to (40)
  }

  // Update the distribution, given the fitness of the last candidates. A flat fitness has no
  // meaningful order.
  tell(fitness) {
    if (Math.max(...fitness) > Math.min(...fitness)) this.update(fitness);
  }

  update(fitness) {
    if (this.sigma * Math.max(...this.scale) > MAX_STD) return;
    const n = this.mean.length;
    const z = bestFirst(fitness).map((number) => this.mutations[number]);
    const y = z.map((row) => row.map((value, j) => value * this.scale[j]));
    const recombine = (rows) => this.mean.map((_, j) =>
      sum(rows.slice(0, this.mu).map((row, i) => this.weights[i] * row[j])));
    const step = recombine(y); // (41)
    this.mean = this.mean.map((value, j) => value + this.sigma * step[j]); // (42), c_m = 1

    const cSigma = this.cSigma;
    const rotated = recombine(z);
    const gainSigma = Math.sqrt(cSigma * (2 - cSigma) * this.muEff);
    this.pathSigma = this.pathSigma.map(
      (value, j) => (1 - cSigma) * value + gainSigma * rotated[j]); // (43)
    const length = norm(this.pathSigma) / this.expectedNorm;
    // (44), limited to a factor of e
    this.sigma *= Math.exp(Math.min(1, cSigma / this.dSigma * (length - 1)));

    this.generation += 1;
    // hSigma is false while the path is long: it stalls the update of the other path.
    const startCorrection = Math.sqrt(1 - (1 - cSigma) ** (2 * this.generation));
    const hSigma = length / startCorrection < 1.4 + 2 / (n + 1);
    const cC = this.cC;
    const gainC = hSigma ? Math.sqrt(cC * (2 - cC) * this.muEff) : 0;
    this.pathC = this.pathC.map((value, j) => (1 - cC) * value + gainC * step[j]); // (45)

    const weights = this.weights.map((weight, i) => weight < 0
      ? weight * n / Math.max(sum(z[i].map((value) => value ** 2)), 1e-300) : weight); // (46)
    let decay = this.c1 + this.cMu * sum(this.weights);
    if (!hSigma) decay -= this.c1 * cC * (2 - cC);
    this.covariance = this.covariance.map((value, j) => (1 - decay) * value
      + this.c1 * this.pathC[j] ** 2
      + this.cMu * sum(y.map((row, i) => weights[i] * row[j] ** 2))); // (47)
    this.generationsSinceDecomposition += 1;
    if (this.generationsSinceDecomposition >= this.decompositionInterval) {
      this.scale = this.covariance.map((value) => Math.sqrt(value));
      this.generationsSinceDecomposition = 0;
    }
  }
}
