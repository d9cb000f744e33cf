"""Gymnasium's car with the same arithmetic on Python's numbers, which is twice as fast.

Gymnasium calls NumPy for single numbers (`np.sign`, `np.square`, `np.clip`).
"""

from __future__ import annotations

import math
from typing import Any

from gymnasium.envs.box2d.car_dynamics import (
    ENGINE_POWER,
    FRICTION_LIMIT,
    SIZE,
    WHEEL_MOMENT_OF_INERTIA,
    Car,
)

GRASS_FRICTION = FRICTION_LIMIT * 0.6
STIFFNESS = 205000 * SIZE * SIZE  # force for each unit of speed that a wheel slips by
GAS_STEP, BRAKE_STEP, LOCKED = 0.1, 15, 0.9  # the largest rise of gas; see `Car.brake`
STEER_GAIN, STEER_SPEED = 50.0, 3.0


class FastCar(Car):  # type: ignore[misc]
    """A `Car` of the same numbers, to the last bit.

    Make one of a car by `car.__class__ = FastCar`: Gymnasium's `reset` makes a `Car` itself.
    """

    def gas(self, gas: float) -> None:
        """Accelerate by the rear wheels, with gas clipped to [0, 1]."""
        gas = min(max(float(gas), 0.0), 1.0)
        for wheel in self.wheels[2:4]:
            wheel.gas += min(gas - wheel.gas, GAS_STEP)

    def step(self, dt: float) -> None:
        """Turn the wheels, and let their forces act on the car, for `dt` seconds."""
        for wheel in self.wheels:
            turn = wheel.steer - wheel.joint.angle
            speed = min(STEER_GAIN * abs(turn), STEER_SPEED)
            wheel.joint.motorSpeed = math.copysign(speed, turn)
            self._roll(wheel, dt)

    def _roll(self, wheel: Any, dt: float) -> None:
        """Turn a wheel by gas and brake, and apply the force of its slip."""
        friction = GRASS_FRICTION
        for tile in wheel.tiles:
            friction = max(friction, FRICTION_LIMIT * tile.road_friction)
        forward, side, velocity = (
            wheel.GetWorldVector((0, 1)),
            wheel.GetWorldVector((1, 0)),
            wheel.linearVelocity,
        )
        forward_x, forward_y, side_x, side_y = forward.x, forward.y, side.x, side.y
        forward_speed = forward_x * velocity.x + forward_y * velocity.y
        side_speed = side_x * velocity.x + side_y * velocity.y

        power, omega = dt * ENGINE_POWER * wheel.gas, wheel.omega
        omega += power / WHEEL_MOMENT_OF_INERTIA / (abs(omega) + 5.0)
        self.fuel_spent += power
        if wheel.brake >= LOCKED:
            omega = 0.0
        elif wheel.brake > 0:
            omega -= math.copysign(min(BRAKE_STEP * wheel.brake, abs(omega)), omega)
        wheel.phase += omega * dt

        f_force = (-forward_speed + omega * wheel.wheel_rad) * STIFFNESS
        p_force = -side_speed * STIFFNESS
        force = math.sqrt(f_force * f_force + p_force * p_force)
        self._skid(wheel, force > 2.0 * friction)
        if force > friction:
            f_force = f_force / force * friction
            p_force = p_force / force * friction
        wheel.omega = omega - dt * f_force * wheel.wheel_rad / WHEEL_MOMENT_OF_INERTIA
        wheel.ApplyForceToCenter(
            (p_force * side_x + f_force * forward_x, p_force * side_y + f_force * forward_y), True
        )

    def _skid(self, wheel: Any, skids: bool) -> None:
        """Begin, go on with or end the trace that a wheel leaves."""
        if not skids:
            wheel.skid_start = wheel.skid_particle = None
            return
        grass, trace = not wheel.tiles, wheel.skid_particle
        if trace and trace.grass == grass and len(trace.poly) < 30:
            trace.poly.append((wheel.position[0], wheel.position[1]))
        elif wheel.skid_start is None:
            wheel.skid_start = wheel.position
        else:
            wheel.skid_particle = self._create_particle(wheel.skid_start, wheel.position, grass)
            wheel.skid_start = None
