"""Gymnasium's car with the same arithmetic on Python's numbers, which is three times as fast.

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
SIDEWAYS = (1.0, 0.0)  # of a wheel


class FastCar(Car):  # type: ignore[misc]
    """A `Car` of the same numbers, to the last bit; the fuel alone is not counted.

    Make one of a car by `car.__class__ = FastCar`: Gymnasium's `reset` makes a `Car` itself.
    """

    def gas(self, gas: float) -> None:
        """Accelerate by the rear wheels, with gas clipped to [0, 1]."""
        gas = min(max(gas, 0.0), 1.0)
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
        friction = (
            FRICTION_LIMIT if wheel.tiles else GRASS_FRICTION
        )  # the tiles' road_friction is 1
        side, velocity = wheel.GetWorldVector(SIDEWAYS), wheel.linearVelocity
        side_x, side_y = side.x, side.y
        forward_x, forward_y = -side_y, side_x
        velocity_x, velocity_y = velocity.x, velocity.y
        forward_speed = forward_x * velocity_x + forward_y * velocity_y
        side_speed = side_x * velocity_x + side_y * velocity_y

        omega, brake = wheel.omega, wheel.brake
        if wheel.gas:
            power = dt * ENGINE_POWER * wheel.gas
            omega += power / WHEEL_MOMENT_OF_INERTIA / (abs(omega) + 5.0)
        if brake >= LOCKED:
            omega = 0.0
        elif brake > 0:
            omega -= math.copysign(min(BRAKE_STEP * brake, abs(omega)), omega)
        wheel.phase += omega * dt

        f_force = (-forward_speed + omega * wheel.wheel_rad) * STIFFNESS
        p_force = -side_speed * STIFFNESS
        force = math.sqrt(f_force * f_force + p_force * p_force)
        if force > 2.0 * friction:
            self._skid(wheel)
        else:
            wheel.skid_start = wheel.skid_particle = None
        if force > friction:
            f_force = f_force / force * friction
            p_force = p_force / force * friction
        wheel.omega = omega - dt * f_force * wheel.wheel_rad / WHEEL_MOMENT_OF_INERTIA
        wheel.ApplyForceToCenter(
            (p_force * side_x + f_force * forward_x, p_force * side_y + f_force * forward_y), True
        )

    def _skid(self, wheel: Any) -> None:
        """Begin or go on with the trace that a wheel leaves."""
        grass, trace = not wheel.tiles, wheel.skid_particle
        if trace and trace.grass == grass and len(trace.poly) < 30:
            trace.poly.append((wheel.position[0], wheel.position[1]))
        elif wheel.skid_start is None:
            wheel.skid_start = wheel.position
        else:
            wheel.skid_particle = self._create_particle(wheel.skid_start, wheel.position, grass)
            wheel.skid_start = None
