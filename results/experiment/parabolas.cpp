#include "results/experiment/parabolas.hpp"

#include <cmath>
#include <functional>

namespace understudy::parabolas {
namespace {

using Three = std::array<double, 3>;

double mean(const Three& x) { return (x[0] + x[1] + x[2]) / 3; }

// k steps of rate lr along a slope that is `slope` (x - centre): (x - centre) shrinks by 1 - lr slope.
double descend(double x, double slope, double centre, int steps) {
  return centre + std::pow(1 - kLr * slope, steps) * (x - centre);
}
double slope_at(std::size_t i, double x) { return kA[i] * (x - kB[i]); }
int sign(double x) { return (x > 0) - (x < 0); }

// The server takes the mean of what `train` makes of x on each client.
double rounds_of_means(const std::function<double(std::size_t, double)>& train) {
  double x = kStartX;
  for (int round = 0; round < kRounds; ++round) x = mean({train(0, x), train(1, x), train(2, x)});
  return x;
}

double plain(std::size_t i, double x) { return descend(x, kA[i], kB[i], kSteps); }

}  // namespace

End fedavg() { return {rounds_of_means(plain)}; }

// Slope a (y - b) + mu (y - x): a parabola of curvature a + mu around (a b + mu x) / (a + mu).
End fedprox(double mu) {
  return {rounds_of_means([mu](std::size_t i, double x) {
    return descend(x, kA[i] + mu, (kA[i] * kB[i] + mu * x) / (kA[i] + mu), kSteps);
  })};
}

// The control's difference s moves the minimum to b - s / a.
End scaffold(double server_lr) {
  double x = kStartX, c = 0;
  Three own{};
  for (int round = 0; round < kRounds; ++round) {
    Three moved{}, control{};
    for (std::size_t i = 0; i < 3; ++i) {
      const double y = descend(x, kA[i], kB[i] - (c - own[i]) / kA[i], kSteps);
      moved[i] = y - x;
      control[i] = -c - moved[i] / (kSteps * kLr);
      own[i] += control[i];
    }
    x += server_lr * mean(moved);
    c += mean(control);
  }
  return {x};
}

End fedadam(double server_lr, double beta1, double beta2, double tau) {
  double x = kStartX, m = 0, v = tau * tau;
  for (int round = 0; round < kRounds; ++round) {
    const double d = mean({plain(0, x), plain(1, x), plain(2, x)}) - x;
    m = beta1 * m + (1 - beta1) * d;
    v = beta2 * v + (1 - beta2) * d * d;
    x += server_lr * m / (std::sqrt(v) + tau);
  }
  return {x};
}

// The slope at x - alpha a (x - b) is a (1 - alpha a)(x - b), and times I - alpha H once more.
End per_fedavg(double inner_lr, bool with_hessian) {
  End end{rounds_of_means([&](std::size_t i, double x) {
    const double factor = 1 - inner_lr * kA[i];
    return descend(x, kA[i] * factor * (with_hessian ? factor : 1), kB[i], kSteps);
  })};
  for (std::size_t i = 0; i < 3; ++i)
    end.personal[i] = end.server - inner_lr * slope_at(i, end.server);
  return end;
}

End fedper() {
  End end = fedavg();
  for (std::size_t i = 0; i < 3; ++i)
    end.personal[i] = descend(kStartX, kA[i], kB[i], kSteps * kRounds);
  return end;
}

End apfl(double alpha) {
  double x = kStartX;
  Three v{x, x, x};
  for (int round = 0; round < kRounds; ++round) {
    Three w{x, x, x};
    for (std::size_t i = 0; i < 3; ++i) {
      for (int k = 0; k < kSteps; ++k) {
        const double mixed = alpha * v[i] + (1 - alpha) * w[i];
        v[i] -= kLr * alpha * slope_at(i, mixed);
        w[i] -= kLr * slope_at(i, w[i]);
      }
    }
    x = mean(w);
  }
  return {x,
          {alpha * v[0] + (1 - alpha) * x, alpha * v[1] + (1 - alpha) * x,
           alpha * v[2] + (1 - alpha) * x}};
}

End ditto(double lambda) {
  double x = kStartX;
  Three v{x, x, x};
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < 3; ++i) {
      const double centre = (kA[i] * kB[i] + lambda * x) / (kA[i] + lambda);
      v[i] = descend(v[i], kA[i] + lambda, centre, kSteps);
    }
    x = mean({plain(0, x), plain(1, x), plain(2, x)});
  }
  return {x, v};
}

End loss_weighted(double sharpness) {
  double x = kStartX;
  for (int round = 0; round < kRounds; ++round) {
    double above = 0, below = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      const double y = plain(i, x);
      const double weight = std::exp(-sharpness * kA[i] / 2 * (y - kB[i]) * (y - kB[i]));
      above += weight * y;
      below += weight;
    }
    x = above / below;
  }
  return {x};
}

// mu |y - x| has the slope mu on either side of x, and none at it.
End superfed_before_mixing(double mu) {
  return {rounds_of_means([mu](std::size_t i, double x) {
    double y = x;
    for (int k = 0; k < kSteps; ++k) y -= kLr * (slope_at(i, y) + mu * sign(y - x));
    return y;
  })};
}

Three averaging_on_a_complete_graph() {
  const double x = fedavg().server;
  return {x, x, x};
}

// Of nodes in a line the middle one has two neighbours: all pairs weigh 1/3.
Three averaging_on_a_path() {
  Three x{kStartX, kStartX, kStartX};
  for (int round = 0; round < kRounds; ++round) {
    const Three y{plain(0, x[0]), plain(1, x[1]), plain(2, x[2])};
    x = {(2 * y[0] + y[1]) / 3, mean(y), (y[1] + 2 * y[2]) / 3};
  }
  return x;
}

Three d_psgd_on_a_complete_graph() {
  Three x{kStartX, kStartX, kStartX};
  for (int round = 0; round < kRounds; ++round) {
    const double before = mean(x);
    for (std::size_t i = 0; i < 3; ++i) x[i] = before + plain(i, x[i]) - x[i];
  }
  return x;
}

Three connect(double (*kept)(double curvature)) {
  Three x{kStartX, kStartX, kStartX};
  for (int round = 0; round < kRounds; ++round) {
    const Three y{plain(0, x[0]), plain(1, x[1]), plain(2, x[2])};
    for (std::size_t i = 0; i < 3; ++i) x[i] = y[i] + kept(kA[i]) * (mean(y) - y[i]);
  }
  return x;
}

// The mean's curvature is the curvatures' mean, and its minimum sum a b / sum a.
double gradient_descent(int updates) {
  const double minimum = (kA[0] * kB[0] + kA[1] * kB[1] + kA[2] * kB[2]) / (kA[0] + kA[1] + kA[2]);
  return descend(kStartX, mean(kA), minimum, updates);
}

}  // namespace understudy::parabolas
