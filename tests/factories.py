"""Ready-made rows, one factory per model; tests say only what matters to them."""

from __future__ import annotations

import hashlib

import factory
from factory.django import DjangoModelFactory

from lifecycle.accounts.models import User
from lifecycle.datasets.models import Collection, Dataset, Item
from lifecycle.projects.models import Charter, Membership, Project

PASSWORD = "correct horse battery"


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}")
    email = factory.LazyAttribute(lambda o: f"{o.username}@example.org")
    password = factory.django.Password(PASSWORD)


class ProjectFactory(DjangoModelFactory):
    """A project whose `owner` is a member with that role, with a charter and a main dataset."""

    class Meta:
        model = Project
        skip_postgeneration_save = True

    class Params:
        owner = factory.SubFactory(UserFactory)

    slug = factory.Sequence(lambda n: f"project-{n}")
    name = factory.LazyAttribute(lambda o: o.slug.replace("-", " ").title())
    problem_type = "image_classification"
    created_by = factory.LazyAttribute(lambda o: o.owner)

    @factory.post_generation
    def membership(self, create, extracted, **kwargs):
        MembershipFactory(project=self, user=self.created_by, role=Membership.Role.OWNER)
        CharterFactory(project=self, created_by=self.created_by)
        kinds = {"image_classification": "image", "text_classification": "text"}
        DatasetFactory(project=self, item_kind=kinds.get(self.problem_type, "row"))


class MembershipFactory(DjangoModelFactory):
    class Meta:
        model = Membership

    role = Membership.Role.VIEWER


class CharterFactory(DjangoModelFactory):
    class Meta:
        model = Charter

    version = 1
    problem_statement = "Sort pictures into classes."
    target_metric = "accuracy"
    target_threshold = 0.9


class DatasetFactory(DjangoModelFactory):
    class Meta:
        model = Dataset

    name = "main"
    item_kind = "image"
    split_ratios = factory.LazyFunction(lambda: {"train": 0.8, "validation": 0.1, "test": 0.1})


class CollectionFactory(DjangoModelFactory):
    class Meta:
        model = Collection

    title = "Upload"
    created_by = factory.LazyAttribute(lambda o: o.dataset.project.created_by)


class ItemFactory(DjangoModelFactory):
    """A text item by default; `dataset` is required, its collection is made when none is given."""

    class Meta:
        model = Item

    text = factory.Sequence(lambda n: f"text number {n}")
    content_hash = factory.LazyAttribute(lambda o: hashlib.sha256(o.text.encode()).hexdigest())
    collection = factory.LazyAttribute(
        lambda o: Collection.objects.filter(dataset=o.dataset).first() or CollectionFactory(dataset=o.dataset)
    )
