/* SPDX-License-Identifier: MIT */
/* sensor_services - the services of spoolguard/host.h, as they are lent to one sensor */
#ifndef WATCHER_SENSOR_SERVICES_H
#define WATCHER_SENSOR_SERVICES_H

#include "watcher/sensor_host.h"

struct sensor {
        struct sg_host services; /* first: a service finds its sensor by the table it was called through */
        struct sensor_host *host;
        const struct sg_plugin *plugin;
        const struct sg_sensor *sg;
        struct sg_value *options;
        void *instance;
        bool told_undeclared;
        struct sg_timer *timers;
        struct sg_watch *watches;
};

struct sensor_host {
        struct loop *loop;
        const struct config *config;
        struct engine *engine;
        struct board *board;
        struct breadcrumb *breadcrumb;
        struct sensor *sensors;
        size_t n_sensors;
};

/* To be copied for each sensor, which adds its root. */
extern const struct sg_host sensor_services;

/* Frees every timer and watch that the sensor forgot. */
void sensor_services_take_back(struct sensor *sensor);

#endif
